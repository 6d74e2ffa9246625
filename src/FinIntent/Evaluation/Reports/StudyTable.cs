namespace FinIntent.Evaluation.Reports;

/// <summary>The seed's results table: each model before and after fine-tuning, with intervals, the spread over its runs, and the paired tests.</summary>
static class StudyTable
{
    /// <param name="Change">Of the mean accuracy.</param>
    /// <param name="Runs">Fixed, broken and p of each run against the base.</param>
    public sealed record Row(string Name, string Base, string Tuned, string Change, string Runs, string P, string? Failure);

    public static IReadOnlyList<Bilingual> Header { get; } = [Words.Model, Words.BaseAccuracy, Words.TunedAccuracy, Words.Gain, Words.FixedBroken, Words.P];

    public static IEnumerable<Row> Of(Comparison report) => report.Groups.Select(group => Of(report, group));

    static Row Of(Comparison report, ModelGroup group)
    {
        var rule = report.RuleOf(group);
        var plain = group.Base is { } i ? report.Models[i][rule] : null;
        var spread = RunSpread.Of([.. group.Runs.Select(run => report.Models[run])], rule);
        var pairs = group.Runs.Select(run => report.Pairs.FirstOrDefault(p => p.A == group.Base && p.B == run && p.Rule == rule)).OfType<PairReport>().ToList();
        return new(
            group.Name,
            plain is null ? Numbers.Unknown : Text(plain.Matrix.Accuracy),
            spread is null ? Numbers.Unknown : spread.Count == 1 ? Text(report.Models[group.Runs[0]][rule]!.Matrix.Accuracy) : Text(spread),
            plain is null || spread is null ? Numbers.Unknown : Numbers.Points(spread.Mean - plain.Matrix.Accuracy.Value),
            pairs.Count == 0 ? Numbers.Unknown : string.Join("; ", pairs.Select(p => $"{p.Fixed}/{p.Broken}")),
            pairs.Count == 0 ? Numbers.Unknown : string.Join("; ", pairs.Select(p => Numbers.P(p.P))),
            group.Failure);
    }

    /// <summary>"97.8 % ± 0.4 (3: 97.3–98.0)".</summary>
    static string Text(RunSpread spread) =>
        Numbers.Format($"{Numbers.Percent(spread.Mean)} ± {100 * spread.Deviation:f1} ({spread.Count}: {Numbers.Interval((spread.Lowest, spread.Highest))})");

    static string Text(Proportion accuracy) => $"{Numbers.Percent(accuracy.Value)} ({Numbers.Interval(accuracy.Wilson95)})";
}
