using FinIntent.Intents;

namespace FinIntent.Evaluation.Reports;

/// <summary>Two models on the questions that both answered, by one rule.</summary>
/// <param name="Fixed">Wrong by A, right by B.</param>
/// <param name="Broken">Right by A, wrong by B.</param>
sealed record PairReport(int A, int B, string Rule, int BothRight, int Fixed, int Broken, int BothWrong)
{
    /// <summary>Under this, after Holm, a report calls two models different.</summary>
    public const double Level = 0.05;

    public int Count => BothRight + Fixed + Broken + BothWrong;
    public double P { get; } = McNemar.ExactP(Fixed, Broken);

    /// <summary>Adjusted over the pairs shown for the same rule.</summary>
    public double PHolm { get; init; }
}

/// <summary>Which questions two files share: indices into A's and B's predictions.</summary>
/// <param name="OtherGold">Questions that have another right answer in the other file; nothing is compared on them.</param>
sealed record Overlap(int A, int B, IReadOnlyList<(int A, int B)> Common,
    IReadOnlyList<int> OnlyA, IReadOnlyList<int> OnlyB, IReadOnlyList<(int A, int B)> OtherGold)
{
    public bool IsComplete => OnlyA.Count + OnlyB.Count + OtherGold.Count == 0;
}

/// <summary>A question that all models that were asked it get wrong.</summary>
/// <param name="Asked">How many models were asked it.</param>
sealed record UnsolvedQuestion(string Rule, string Id, string Question, string Gold, int Asked);

/// <summary>Several models beside each other: what a report says.</summary>
/// <param name="Lent">Models whose lines have no options, so that their labels are read as those of the other files.</param>
sealed record Comparison(
    IReadOnlyList<ModelReport> Models, IReadOnlyList<Overlap> Overlaps, IReadOnlyList<PairReport> Pairs,
    IReadOnlyList<UnsolvedQuestion> Unsolved, IReadOnlyList<int> Lent)
{
    /// <summary>The rule of the first table: option scoring if every model has it, else lenient; null when neither is common.</summary>
    public string? MainRule => CommonRule(Models);

    /// <summary>The rules that at least one model can be read by.</summary>
    public IReadOnlyList<string> Rules => [.. RuleReport.Names.Where(rule => Models.Any(m => m[rule] is not null))];

    /// <summary>Models before and after fine-tuning, or the runs of one; a report of these begins with the seed's table.</summary>
    public IReadOnlyList<ModelGroup> Groups { get; init; } = [];

    internal bool HasStudy => Groups.Any(g => g.Base is not null || g.Failure is not null);
    internal bool HasSpread => Groups.Any(g => g.Runs.Count > 1);

    /// <param name="baseline">The model that every other one is compared with; without it every pair is.</param>
    public static Comparison Of(IReadOnlyList<PredictionSet> sets, int? baseline = null) => Of(sets, [.. PairsOf(sets.Count, baseline)]);

    /// <param name="pairs">The models that are compared, the earlier one first.</param>
    public static Comparison Of(IReadOnlyList<PredictionSet> sets, IReadOnlyList<(int A, int B)> pairs)
    {
        var (shared, lent) = ShareOptions(sets);
        List<ModelReport> models = [.. shared.Select(set => ReportOf(set))];
        var overlaps = pairs.Select(pair => OverlapOf(models, pair.A, pair.B)).ToList();
        var compared = (from o in overlaps
                        where o.Common.Count > 0
                        from rule in RuleReport.Names
                        where models[o.A][rule] is not null && models[o.B][rule] is not null
                        select PairOf(models, o, rule)).ToList();
        return new(models, overlaps, [.. Adjusted(compared)], [.. RuleReport.Names.SelectMany(rule => UnsolvedBy(models, rule))], lent);
    }

    static ModelReport ReportOf(PredictionSet set)
    {
        var report = ModelReport.Of(set.Name, set.Predictions, set.OutOfScope);
        return report with
        {
            Api = set.Api,
            Outcomes = set.Outcomes ?? report.Outcomes,
            LeakedQuestions = set.LeakedQuestions,
            Robustness = set.Robustness,
        };
    }

    /// <summary>A report of a single model.</summary>
    public static Comparison Of(ModelReport model) =>
        new([model], [], [], [.. RuleReport.Names.SelectMany(rule => UnsolvedBy([model], rule))], []);

    /// <summary>What a group's accuracies are read by: the report's main rule, else the best one that its models have in common.</summary>
    public string RuleOf(ModelGroup group)
    {
        IEnumerable<int> runs = group.Base is { } plain ? group.Runs.Append(plain) : group.Runs;
        return MainRule ?? CommonRule([.. runs.Select(i => Models[i])]) ?? ModelReport.NameOf(ReadingRule.Lenient);
    }

    public static string? CommonRule(IReadOnlyList<ModelReport> models) =>
        ((string[])[RuleReport.Scored, ModelReport.NameOf(ReadingRule.Lenient)])
            .FirstOrDefault(rule => models.All(m => m[rule] is not null));

    /// <summary>"B 个股问询", or the label alone where that is all there is.</summary>
    public static string Label(Prediction prediction, string? label) =>
        label is null ? "" : prediction.Options?[label] is { } intent && intent != label ? $"{label} {intent}" : label;

    /// <summary>What the label stands for, where that is known.</summary>
    public static string IntentOf(Prediction prediction, string label) => prediction.Options?[label] ?? label;

    public static bool IsRight(ModelReport model, RuleReport rule, int i) => rule.Choices[i] == model.Predictions[i].Gold;

    /// <summary>Gives labels without names the meaning that they have in the other files, if it is the same in all of these.</summary>
    static (IReadOnlyList<PredictionSet>, IReadOnlyList<int>) ShareOptions(IReadOnlyList<PredictionSet> sets)
    {
        var known = sets.SelectMany(s => s.Predictions).Where(p => p.Options is not null)
            .DistinctBy(p => string.Join('|', p.OptionList)).Take(2).ToList();
        if (known.Count != 1) return (sets, []);
        var options = known[0].Options!;
        var lent = sets.Index().Where(set => set.Item.Predictions.All(Fits)).Select(set => set.Index).ToList();
        return ([.. sets.Select((set, i) => lent.Contains(i) ? Named(set) : set)], lent);

        PredictionSet Named(PredictionSet set) => set with { Predictions = [.. set.Predictions.Select(p => p with { Options = options })] };

        bool Fits(Prediction p) => p.Options is null && options.ContainsKey(p.Gold!)
            && (p.Probabilities is null || options.Keys.ToHashSet().SetEquals(p.Probabilities.Keys));
    }

    static IEnumerable<(int A, int B)> PairsOf(int count, int? baseline) =>
        from a in Enumerable.Range(0, count)
        from b in Enumerable.Range(0, count)
        where baseline is { } only ? a == only && b != only : a < b
        select (a, b);

    static Overlap OverlapOf(IReadOnlyList<ModelReport> models, int a, int b)
    {
        var (ofA, ofB) = (models[a].Predictions, models[b].Predictions);
        var inB = ofB.Index().ToDictionary(p => (p.Item.Id, p.Item.Question), p => p.Index);
        List<(int, int)> common = [], otherGold = [];
        List<int> onlyA = [];
        foreach (var (i, p) in ofA.Index())
        {
            if (!inB.Remove((p.Id, p.Question), out var j)) onlyA.Add(i);
            else (GoldOf(p) == GoldOf(ofB[j]) ? common : otherGold).Add((i, j));
        }
        return new(a, b, common, onlyA, [.. inB.Values.Order()], otherGold);
    }

    static string GoldOf(Prediction p) => IntentOf(p, p.Gold!);

    static PairReport PairOf(IReadOnlyList<ModelReport> models, Overlap overlap, string rule)
    {
        var (a, b) = (models[overlap.A], models[overlap.B]);
        var (ruleA, ruleB) = (a[rule]!, b[rule]!);
        var counts = overlap.Common.CountBy(c => (IsRight(a, ruleA, c.A), IsRight(b, ruleB, c.B))).ToDictionary();
        int Of(bool right, bool then) => counts.GetValueOrDefault((right, then));
        return new(overlap.A, overlap.B, rule, Of(true, true), Of(false, true), Of(true, false), Of(false, false));
    }

    static IEnumerable<PairReport> Adjusted(IReadOnlyList<PairReport> pairs)
    {
        var adjusted = pairs.GroupBy(p => p.Rule).SelectMany(g => g.Zip(Holm.Adjust([.. g.Select(p => p.P)])))
            .ToDictionary(p => p.First, p => p.Second);
        return pairs.Select(p => p with { PHolm = adjusted[p] });
    }

    static IEnumerable<UnsolvedQuestion> UnsolvedBy(IReadOnlyList<ModelReport> models, string rule) =>
        from question in models.Where(m => m[rule] is not null)
            .SelectMany(m => m.Predictions.Select((p, i) => (Prediction: p, IsRight: IsRight(m, m[rule]!, i))))
            .GroupBy(q => (q.Prediction.Id, q.Prediction.Question))
        where question.All(q => !q.IsRight)
        let first = question.First().Prediction
        select new UnsolvedQuestion(rule, first.Id, first.Question, Label(first, first.Gold), question.Count());
}
