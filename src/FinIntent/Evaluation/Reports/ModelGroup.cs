namespace FinIntent.Evaluation.Reports;

/// <summary>One model of a study: the untuned model and its runs, which differ only in seed or adapter.</summary>
/// <remarks>Numbers are indices into a report's models.</remarks>
/// <param name="Base">It is null when the untuned model was not asked or did not answer.</param>
/// <param name="Failure">It says why something is missing.</param>
sealed record ModelGroup(string Name, int? Base, IReadOnlyList<int> Runs, string? Failure = null);

/// <summary>How far runs of one model lie apart.</summary>
/// <param name="Deviation">The standard deviation of the runs' accuracies with n − 1; NaN for a single run.</param>
/// <param name="Unsteady">How many of the questions that all runs were asked are not answered alike by all.</param>
sealed record RunSpread(int Count, double Mean, double Deviation, double Lowest, double Highest, Proportion Unsteady)
{
    /// <summary>The spread by one rule; null when there is no run, or one cannot be read by the rule.</summary>
    public static RunSpread? Of(IReadOnlyList<ModelReport> runs, string rule)
    {
        if (runs.Count == 0 || runs.Any(run => run[rule] is null)) return null;
        var accuracies = runs.Select(run => run[rule]!.Matrix.Accuracy.Value).ToList();
        var mean = accuracies.Average();
        var deviation = accuracies.Count < 2 ? double.NaN
            : Math.Sqrt(accuracies.Sum(a => (a - mean) * (a - mean)) / (accuracies.Count - 1));
        return new(accuracies.Count, mean, deviation, accuracies.Min(), accuracies.Max(), UnsteadyOf(runs, rule));
    }

    static Proportion UnsteadyOf(IReadOnlyList<ModelReport> runs, string rule)
    {
        var answers = runs
            .SelectMany(run => run.Predictions.Zip(run[rule]!.Choices, (p, choice) =>
                (Key: (p.Id, p.Question), Intent: choice is null ? null : Comparison.IntentOf(p, choice))))
            .GroupBy(answer => answer.Key, answer => answer.Intent).Where(question => question.Count() == runs.Count).ToList();
        return new(answers.Count(question => question.Distinct().Count() > 1), answers.Count);
    }
}
