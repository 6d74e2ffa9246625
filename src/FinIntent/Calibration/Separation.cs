namespace FinIntent.Calibration;

/// <summary>Says how well a score tells questions out of scope, where it is to be high, from those in scope.</summary>
/// <param name="AreaUnderCurve">AUROC: how often a question out of scope has the higher score; equal scores count a half.</param>
/// <param name="FalseShare">
/// FPR at 95 % TPR: the share of questions out of scope that pass as in scope at the lowest threshold that lets at least 95 % of those in
/// scope pass.
/// </param>
sealed record Separation(double AreaUnderCurve, double FalseShare, int InScope, int OutOfScope)
{
    public const double Passing = 0.95;

    /// <summary>Compares scores; NaN where one side has none.</summary>
    public static Separation Of(IReadOnlyList<double> inScope, IReadOnlyList<double> outOfScope)
    {
        if (inScope.Count == 0 || outOfScope.Count == 0) return new(double.NaN, double.NaN, inScope.Count, outOfScope.Count);
        double[] sorted = [.. inScope.Order()];
        var sum = 0.0;
        foreach (var score in outOfScope) sum += (CountBelow(sorted, score) + CountNotAbove(sorted, score)) / 2.0;
        var threshold = sorted[Quantiles.AtLeast(Passing, sorted.Length) - 1];
        return new(sum / inScope.Count / outOfScope.Count, (double)outOfScope.Count(s => s <= threshold) / outOfScope.Count,
            inScope.Count, outOfScope.Count);
    }

    static int CountBelow(double[] sorted, double value) => First(sorted, x => x >= value);

    static int CountNotAbove(double[] sorted, double value) => First(sorted, x => x > value);

    static int First(double[] sorted, Func<double, bool> isReached)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (isReached(sorted[middle])) high = middle;
            else low = middle + 1;
        }
        return low;
    }
}
