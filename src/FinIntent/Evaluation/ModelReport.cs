using System.Text.Json.Nodes;
using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>One way of reading a model's answers, and what comes out.</summary>
/// <param name="Rule">strict, lenient, last_capital or scored.</param>
/// <param name="Probabilities">For scored only.</param>
public sealed record RuleReport(string Rule, ConfusionMatrix Matrix, ProbabilityScores? Probabilities)
{
    public const string Scored = "scored";
}

/// <summary>How good one model's predictions are, by every rule that they can be read by.</summary>
/// <param name="Classes">A letter each and what it stands for; if the letters' meaning changes between questions, the intents themselves.</param>
/// <param name="Disagreements">Questions on which the text, read by the lenient rule, is not the most probable option; null without both.</param>
public sealed record ModelReport(
    string Name, IReadOnlyList<(string Label, string Intent)> Classes, IReadOnlyList<RuleReport> Rules, Proportion? Disagreements)
{
    public RuleReport? Scored => Rules.FirstOrDefault(r => r.Rule == RuleReport.Scored);

    /// <summary>What to show when only one is shown: option scoring, which needs no reader; else the seed's rule.</summary>
    public RuleReport Main => Scored ?? Rules.First(r => r.Rule == NameOf(ReadingRule.Lenient));

    public static ModelReport Of(string name, IReadOnlyList<Prediction> predictions)
    {
        if (predictions.FirstOrDefault(p => p.Gold is null) is { } open)
            throw new UserErrorException($"question {open.Id} \"{open.Question}\" has no gold answer, so nothing can be counted");
        var areLettersFixed = predictions.Select(p => string.Join('|', p.OptionList)).Distinct().Count() <= 1;
        var options = predictions.SelectMany(p => p.OptionList).DistinctBy(o => o.Name).ToList();
        List<(string Label, string Intent)> classes = [.. options.Select(o => (areLettersFixed ? o.Letter.ToString() : o.Name, o.Name))];
        var number = options.Select((o, i) => (o.Name, i)).ToDictionary();

        List<RuleReport> rules = [];
        if (predictions.All(p => p.Output is not null))
            rules.AddRange(AnswerReading.Rules.Select(rule => new RuleReport(NameOf(rule), MatrixOf(p => AnswerReading.Read(p.Output!, rule, p.OptionList)?.ToString()), null)));
        if (predictions.All(p => p.Probabilities is not null))
            rules.Add(new(RuleReport.Scored, MatrixOf(p => Prediction.ChoiceOf(null, p.Probabilities, p.OptionList)), ProbabilityScores.Of([.. predictions.Select(Item)])));
        if (rules.Count == 0) throw new UserErrorException($"the predictions of {name} have neither output nor probabilities on every line");
        Proportion? disagreements = rules.Count <= AnswerReading.Rules.Count ? null : new(predictions.Count(p =>
            Prediction.ChoiceOf(p.Output, null, p.OptionList) != Prediction.ChoiceOf(null, p.Probabilities, p.OptionList)), predictions.Count);
        return new(name, classes, rules, disagreements);

        int? NumberOf(Prediction p, string? letter) =>
            p.OptionList.FirstOrDefault(o => o.Letter.ToString() == letter) is { } option ? number[option.Name] : null;

        int Gold(Prediction p) => NumberOf(p, p.Gold)
            ?? throw new UserErrorException($"question {p.Id}: gold is \"{p.Gold}\", which is none of the options {string.Join(", ", p.OptionList.Select(o => o.Letter))}");

        ConfusionMatrix MatrixOf(Func<Prediction, string?> read) =>
            new([.. classes.Select(c => c.Label)], predictions.Select(p => (Gold(p), NumberOf(p, read(p)))));

        (int, IReadOnlyList<double>) Item(Prediction p)
        {
            var values = new double[options.Count];
            foreach (var option in p.OptionList) values[number[option.Name]] = p.Probabilities![option.Letter.ToString()];
            return (Gold(p), values);
        }
    }

    public static string NameOf(ReadingRule rule) => rule switch
    {
        ReadingRule.LastCapital => "last_capital",
        _ => rule.ToString().ToLowerInvariant(),
    };

    /// <summary>NaN, which JSON lacks, becomes null.</summary>
    public JsonObject ToJson()
    {
        var json = new JsonObject { ["name"] = Name, ["count"] = Rules.Count > 0 ? Rules[0].Matrix.Count : 0 };
        json["classes"] = new JsonObject(Classes.Select(c => KeyValuePair.Create(c.Label, (JsonNode?)c.Intent)));
        foreach (var rule in Rules) json[rule.Rule] = ToJson(rule);
        if (Disagreements is { } disagreements) json["text_and_scores_differ"] = disagreements.Successes;
        return json;
    }

    static JsonObject ToJson(RuleReport rule)
    {
        var (matrix, accuracy) = (rule.Matrix, rule.Matrix.Accuracy);
        var json = new JsonObject
        {
            ["accuracy"] = Number(accuracy.Value),
            ["correct"] = accuracy.Successes,
            ["wilson95"] = new JsonArray(accuracy.Wilson95.Low, accuracy.Wilson95.High),
            ["macro_f1"] = Number(matrix.MacroF1),
            ["per_class"] = new JsonObject(matrix.PerClass.Select(c => KeyValuePair.Create(c.Class, (JsonNode?)new JsonObject
            {
                ["count"] = c.Count,
                ["predicted"] = c.Predicted,
                ["correct"] = c.Correct,
                ["precision"] = c.Precision,
                ["recall"] = c.Recall,
                ["f1"] = c.F1,
            }))),
            // Rows are gold, columns the answer; the last column counts answers that could not be read.
            ["confusion"] = new JsonArray([.. Enumerable.Range(0, matrix.Classes.Count).Select(gold =>
                (JsonNode)new JsonArray([.. Enumerable.Range(0, matrix.Classes.Count + 1).Select(answer => (JsonNode)matrix[gold, answer])]))]),
        };
        if (rule.Probabilities is not { } scores) return json;
        json["log_loss"] = Number(scores.LogLoss);
        json["brier"] = Number(scores.Brier);
        json["ece"] = Number(scores.CalibrationError);
        return json;
    }

    static JsonNode? Number(double value) => double.IsNaN(value) ? null : JsonValue.Create(value);
}
