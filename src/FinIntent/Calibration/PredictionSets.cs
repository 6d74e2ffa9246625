namespace FinIntent.Calibration;

/// <summary>Split-conformal prediction sets: so large that they hold the right option with the chosen probability.</summary>
/// <remarks>
/// An option's score is −ln of the probability that the model itself gives it. It orders options as 1 − p does, without ties where p is
/// rounded to
/// 1, and since it depends on nothing that is fitted to the rows, the promise holds exactly: for rows and questions that are drawn alike,
/// a set holds the right option with a probability of at least Coverage, and at most Coverage + 1 / (Rows + 1) where no scores are equal.
/// V. Vovk et al., Algorithmic Learning in a Random World, 2005; https://arxiv.org/abs/1609.00451 (least ambiguous sets).
/// </remarks>
/// <param name="Quantile">A set holds all options whose score is not above this; infinite where rows are too few to leave one out.</param>
/// <param name="Rows">The number of rows that the quantile was taken from.</param>
sealed record PredictionSets(double Coverage, double Quantile, int Rows)
{
    /// <summary>Takes the ⌈(n + 1) · coverage⌉-th smallest score of the right options.</summary>
    public static PredictionSets Of(IReadOnlyList<CalibrationRow> rows, double coverage)
    {
        double[] scores = [.. rows.Select(row => LogitScaling.LossOf(row.Reading.Logits, row.Gold!.Value)).Order()];
        return new(coverage, Quantiles.Conformal(scores, coverage), scores.Length);
    }

    public bool Holds(double[] logits, int option) => LogitScaling.LossOf(logits, option) <= Quantile;

    /// <summary>Returns the options in the set by falling probability; equal ones stay in their order.</summary>
    /// <param name="probabilities">What the options are ordered by.</param>
    public int[] Of(double[] logits, double[] probabilities) =>
        [.. Enumerable.Range(0, logits.Length).Where(k => Holds(logits, k)).OrderByDescending(k => probabilities[k])];
}

/// <summary>Takes quantiles that hold for one more value drawn like the others.</summary>
static class Quantiles
{
    // ⌈(n + 1) · share⌉ must not be one too high because a product such as 20 · 0.95 is rounded up.
    const double Rounding = 1e-9;

    /// <summary>Returns the ⌈(n + 1) · share⌉-th smallest of sorted values; infinity where n is too small.</summary>
    public static double Conformal(IReadOnlyList<double> sorted, double share)
    {
        var place = (int)Math.Ceiling((sorted.Count + 1) * share - Rounding);
        return place > sorted.Count ? double.PositiveInfinity : sorted[Math.Max(place, 1) - 1];
    }

    /// <summary>Returns how many of n are at least a share of them.</summary>
    public static int AtLeast(double share, int n) => Math.Clamp((int)Math.Ceiling(share * n - Rounding), 0, n);
}
