namespace FinIntent.Evaluation.Reports;

/// <summary>A row of the seed's results table: a model before and after fine-tuning, with intervals and the paired tests.</summary>
/// <param name="Change">How many points the runs' mean accuracy lies above the base's.</param>
/// <param name="Runs">How many questions each run fixed and broke against the base.</param>
/// <param name="P">Each run's p against the base.</param>
sealed record StudyRow(string Name, string Base, string Tuned, string Change, string Runs, string P, string? Failure)
{
    public static IEnumerable<StudyRow> AllOf(Comparison report) => report.Groups.Select(group => Of(report, group));

    static StudyRow Of(Comparison report, ModelGroup group)
    {
        var rule = report.RuleOf(group);
        var plain = group.Base is { } i ? report.Models[i][rule] : null;
        var spread = RunSpread.Of([.. group.Runs.Select(run => report.Models[run])], rule);
        var pairs = group.Runs.Select(run => report.Pairs.FirstOrDefault(p => p.A == group.Base && p.B == run && p.Rule == rule))
            .OfType<PairReport>().ToList();
        return new(
            group.Name,
            plain is null ? NumberText.Unknown : Text(plain.Matrix.Accuracy),
            spread is null ? NumberText.Unknown
                : spread.Count == 1 ? Text(report.Models[group.Runs[0]][rule]!.Matrix.Accuracy) : Text(spread),
            plain is null || spread is null ? NumberText.Unknown : NumberText.Points(spread.Mean - plain.Matrix.Accuracy.Value),
            pairs.Count == 0 ? NumberText.Unknown : string.Join("; ", pairs.Select(p => $"{p.Fixed}/{p.Broken}")),
            pairs.Count == 0 ? NumberText.Unknown : string.Join("; ", pairs.Select(p => NumberText.P(p.P))),
            group.Failure);
    }

    /// <summary>"97.8 % ± 0.4 (3: 97.3–98.0)".</summary>
    static string Text(RunSpread spread)
    {
        var deviation = FormattableString.Invariant($"{100 * spread.Deviation:f1}");
        return $"{NumberText.Percent(spread.Mean)} ± {deviation} ({spread.Count}: {NumberText.Interval((spread.Lowest, spread.Highest))})";
    }

    static string Text(Proportion accuracy) => $"{NumberText.Percent(accuracy.Value)} ({NumberText.Interval(accuracy.Wilson95)})";
}
