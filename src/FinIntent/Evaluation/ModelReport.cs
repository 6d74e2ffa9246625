using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>One way of reading a model's answers, and what comes out.</summary>
/// <param name="Rule">It is strict, lenient, last_capital, flexible or scored.</param>
/// <param name="Choices">The label that each prediction is read as; null where nothing can be read.</param>
/// <param name="Probabilities">How good the probabilities are; null except for scored.</param>
sealed record RuleReport(string Rule, ConfusionMatrix Matrix, IReadOnlyList<string?> Choices, ProbabilityScores? Probabilities)
{
    public const string Scored = "scored";

    /// <summary>All rules there are, in the order of reports.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. AnswerReading.Rules.Select(ModelReport.NameOf), Scored];
}

/// <summary>How good one model's predictions are, by every rule that they can be read by.</summary>
/// <param name="Classes">Each label with its meaning; the intents themselves where a label's meaning changes between questions.</param>
/// <param name="Disagreements">How often the text, read leniently, is not the most probable option; null without both.</param>
sealed record ModelReport(string Name, IReadOnlyList<Prediction> Predictions, IReadOnlyList<(string Label, string Intent)> Classes,
    IReadOnlyList<RuleReport> Rules, Proportion? Disagreements)
{
    /// <summary>How much the order of the options matters; null unless that was asked.</summary>
    public RobustnessReport? Robustness { get; init; }

    /// <summary>How far its probabilities can be trusted; null without probabilities.</summary>
    public TrustReport? Trust { get; init; }

    /// <summary>The tokens and the price of an API's answers; null for a local model.</summary>
    internal ApiTotals? Api { get; init; }

    /// <summary>How the answers in words ended; null without such answers.</summary>
    internal AnswerOutcomes? Outcomes { get; init; }

    internal int LeakedQuestions { get; init; }
    public RuleReport? Scored => this[RuleReport.Scored];

    /// <summary>The rule to show when only one is shown: option scoring, which needs no reader; else the seed's rule.</summary>
    public RuleReport Main => Scored ?? this[NameOf(ReadingRule.Lenient)]!;

    public RuleReport? this[string rule] => Rules.FirstOrDefault(r => r.Rule == rule);

    /// <summary>What always answering with the most frequent class would score.</summary>
    public (string Class, Proportion Share) Commonest
    {
        get
        {
            var most = Main.Matrix.PerClass.MaxBy(c => c.Count);
            return most is null ? ("", new(0, 0)) : (most.Class, new(most.Count, Main.Matrix.Count));
        }
    }

    /// <summary>The mean of the lines' seconds; null unless every line has them.</summary>
    public double? SecondsPerQuestion =>
        Predictions.Count > 0 && Predictions.All(p => p.Seconds is not null) ? Predictions.Average(p => p.Seconds!.Value) : null;

    /// <param name="outOfScope">Predictions of questions that belong to none of the options; null: there are none.</param>
    public static ModelReport Of(string name, IReadOnlyList<Prediction> predictions, IReadOnlyList<Prediction>? outOfScope = null)
    {
        if (predictions.FirstOrDefault(p => p.Gold is null) is { } open)
            throw new UserErrorException($"question {open.Id} \"{open.Question}\" has no gold answer, so nothing can be counted");
        List<IReadOnlyList<IntentOption>> lists = [.. predictions.Select(p => p.OptionList)];
        var areLabelsFixed = lists.Select(list => string.Join('|', list)).Distinct().Count() <= 1;
        var options = lists.SelectMany(list => list).DistinctBy(o => o.Name).ToList();
        List<(string Label, string Intent)> classes = [.. options.Select(o => (areLabelsFixed ? o.Label : o.Name, o.Name))];
        var number = options.Select((o, i) => (o.Name, i)).ToDictionary();
        List<int> gold = [.. predictions.Select((p, i) => NumberOf(i, p.Gold) ?? throw new UserErrorException(
            $"question {p.Id}: gold is \"{p.Gold}\", which is none of the options {string.Join(", ", lists[i].Select(o => o.Label))}"))];

        List<RuleReport> rules = [];
        if (predictions.All(p => p.Output is not null))
            rules.AddRange(AnswerReading.RulesFor(options).Select(rule =>
                RuleOf(NameOf(rule), (p, list) => AnswerReading.Read(p.Output!, rule, list))));
        if (predictions.All(p => p.Probabilities is not null))
        {
            var scores = ProbabilityScores.Of([.. gold.Select(Item)]);
            var scored = RuleOf(RuleReport.Scored, (p, list) => Prediction.ChoiceOf(null, p.Probabilities, list));
            rules.Add(scored with { Probabilities = scores });
        }
        if (rules.Count == 0)
            throw new UserErrorException($"the predictions of {name} have neither output nor probabilities on every line");
        var report = new ModelReport(name, predictions, classes, rules, null)
        {
            Outcomes = AnswerOutcomes.Of(predictions),
            Trust = predictions.All(p => p.Probabilities is not null) ? TrustReport.Of(predictions, outOfScope ?? []) : null,
        };
        if (report.Scored is not { } byScores || report[NameOf(ReadingRule.Lenient)] is not { } read) return report;
        return report with { Disagreements = new(read.Choices.Zip(byScores.Choices).Count(c => c.First != c.Second), predictions.Count) };

        int? NumberOf(int i, string? label) => lists[i].FirstOrDefault(o => o.Label == label) is { } option ? number[option.Name] : null;

        RuleReport RuleOf(string rule, Func<Prediction, IReadOnlyList<IntentOption>, string?> read)
        {
            List<string?> choices = [.. predictions.Zip(lists, read)];
            var answers = choices.Select((choice, i) => (gold[i], NumberOf(i, choice)));
            return new(rule, new([.. classes.Select(c => c.Label)], answers), choices, null);
        }

        (int, IReadOnlyList<double>) Item(int goldClass, int i)
        {
            var values = new double[options.Count];
            foreach (var option in lists[i]) values[number[option.Name]] = predictions[i].Probabilities![option.Label];
            return (goldClass, values);
        }
    }

    public static string NameOf(ReadingRule rule) => JsonNamingPolicy.SnakeCaseLower.ConvertName(rule.ToString());
}
