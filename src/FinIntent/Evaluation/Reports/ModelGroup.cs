namespace FinIntent.Evaluation.Reports;

/// <summary>One model of a study: what it does untuned, and its runs, which differ in their seed or adapter only. Numbers are indices into a report's models.</summary>
/// <param name="Base">Null: it was not asked, or did not answer.</param>
/// <param name="Failure">Why something is missing.</param>
public sealed record ModelGroup(string Name, int? Base, IReadOnlyList<int> Runs, string? Failure = null);

/// <summary>How far runs of one model lie apart.</summary>
/// <param name="Deviation">Standard deviation of the runs' accuracies with n − 1; NaN for a single run.</param>
/// <param name="Unsteady">Questions, of those that all runs were asked, that not all of them answer alike.</param>
public sealed record RunSpread(int Count, double Mean, double Deviation, double Lowest, double Highest, Proportion Unsteady)
{
    /// <summary>By one rule; null when a run cannot be read by it, or there is none.</summary>
    public static RunSpread? Of(IReadOnlyList<ModelReport> runs, string rule)
    {
        if (runs.Count == 0 || runs.Any(run => run[rule] is null)) return null;
        var accuracies = runs.Select(run => run[rule]!.Matrix.Accuracy.Value).ToList();
        var mean = accuracies.Average();
        var deviation = accuracies.Count < 2 ? double.NaN : Math.Sqrt(accuracies.Sum(a => (a - mean) * (a - mean)) / (accuracies.Count - 1));
        return new(accuracies.Count, mean, deviation, accuracies.Min(), accuracies.Max(), UnsteadyOf(runs, rule));
    }

    /// <summary>A line for each group of several runs: name, runs, mean, deviation, range, unsteady questions.</summary>
    internal static IEnumerable<string[]> RowsOf(Comparison report) =>
        from @group in report.Groups
        where @group.Runs.Count > 1
        let spread = Of([.. @group.Runs.Select(run => report.Models[run])], report.RuleOf(@group))
        where spread is not null
        select (string[])[@group.Name, $"{spread.Count}", Numbers.Percent(spread.Mean), Numbers.Format($"{100 * spread.Deviation:f2}"),
            Numbers.Interval((spread.Lowest, spread.Highest)), Numbers.Of(spread.Unsteady)];

    static Proportion UnsteadyOf(IReadOnlyList<ModelReport> runs, string rule)
    {
        var answers = runs.SelectMany(run => run.Predictions.Zip(run[rule]!.Choices, (p, choice) => (Key: (p.Id, p.Question), Intent: choice is null ? null : Comparison.IntentOf(p, choice))))
            .GroupBy(answer => answer.Key, answer => answer.Intent).Where(question => question.Count() == runs.Count).ToList();
        return new(answers.Count(question => question.Distinct().Count() > 1), answers.Count);
    }
}
