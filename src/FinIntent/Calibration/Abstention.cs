namespace FinIntent.Calibration;

/// <summary>Says below which probability an answer is withheld.</summary>
/// <param name="Threshold">An answer is given when the calibrated probability of its intent is at least this.</param>
/// <param name="Answered">How many of the rows are answered with it, and how many of these rightly.</param>
/// <param name="Rows">The number of rows that it was chosen on.</param>
sealed record Abstention(double Threshold, int Answered, int Right, int Rows)
{
    const int Trials = 20;

    /// <summary>The accuracy that was asked for; null where a coverage was.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The share of answers that was asked for; null where an accuracy was.</summary>
    public double? Coverage { get; init; }

    /// <summary>What the true accuracy of given answers is at least, with the probability that was asked for.</summary>
    public double? AccuracyBound { get; init; }

    /// <summary>Finds the threshold at which the accuracy of given answers is shown to be the wanted one, with as many answers as can
    /// be.</summary>
    /// <remarks>
    /// Tried are the thresholds that let through 5, 10, … 100 % of the rows, each by the exact binomial bound with a 20th of the allowed
    /// error
    /// (Bonferroni), so whichever is taken, the promise holds. https://arxiv.org/abs/2110.01052
    /// </remarks>
    /// <param name="answers">Each row's highest probability, and whether its option is the right one.</param>
    /// <param name="confidence">The probability that the promise holds.</param>
    /// <exception cref="UserErrorException">No threshold shows the accuracy: too few rows, or too many wrong answers.</exception>
    public static Abstention ForAccuracy(IReadOnlyList<(double Probability, bool IsRight)> answers, double accuracy, double confidence)
    {
        var sorted = answers.OrderByDescending(a => a.Probability).ToList();
        var trials = Enumerable.Range(1, Trials)
            .Select(i => At(sorted, Math.Max(1, Quantiles.AtLeast((double)i / Trials, sorted.Count)), (1 - confidence) / Trials)).ToList();
        if (trials.LastOrDefault(t => t.AccuracyBound >= accuracy) is { } best) return best with { Accuracy = accuracy };
        var highest = trials.MaxBy(t => t.AccuracyBound)!;
        throw new UserErrorException(FormattableString.Invariant(
            $"abstain_accuracy: {sorted.Count} rows cannot show an accuracy of {accuracy}: the most that is shown is ") +
            FormattableString.Invariant($"{highest.AccuracyBound:0.000}, with {highest.Right} of {highest.Answered} answers right; ") +
            "give more rows, a lower accuracy or a lower abstain_confidence, or abstain_coverage in its place");
    }

    /// <summary>Finds the threshold at which the chosen share of the rows, or a little more, is answered.</summary>
    public static Abstention ForCoverage(IReadOnlyList<(double Probability, bool IsRight)> answers, double coverage)
    {
        var sorted = answers.OrderByDescending(a => a.Probability).ToList();
        return At(sorted, Math.Max(1, Quantiles.AtLeast(coverage, sorted.Count)), null) with { Coverage = coverage };
    }

    /// <summary>The threshold of the n-th most probable answer, which lets through all that are as probable.</summary>
    static Abstention At(List<(double Probability, bool IsRight)> sorted, int n, double? error)
    {
        var threshold = sorted[n - 1].Probability;
        var given = sorted.TakeWhile(a => a.Probability >= threshold).ToList();
        var right = given.Count(a => a.IsRight);
        return new(threshold, given.Count, right, sorted.Count)
        { AccuracyBound = error is { } e ? ExactBinomial.LowerBound(right, given.Count, e) : null };
    }
}
