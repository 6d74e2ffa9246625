namespace FinIntent.Evaluation;

/// <summary>Tests whether two models that answered the same questions differ by more than chance.</summary>
/// <remarks>
/// Only questions that just one of them got right count: if both are equally good, each such question is a fair coin.
/// Q. McNemar, 1947, https://doi.org/10.1007/BF02295996.
/// </remarks>
static class McNemar
{
    const int ScaleBits = 512;
    const double Negligible = 1e-18;

    static readonly double Scale = Math.ScaleB(1, ScaleBits);

    /// <summary>The exact two-sided p: twice the binomial's smaller tail at one half, at most 1.</summary>
    /// <param name="fixedCount">Wrong by the first model and right by the second.</param>
    /// <param name="brokenCount">Right by the first model and wrong by the second.</param>
    public static double ExactP(int fixedCount, int brokenCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fixedCount);
        ArgumentOutOfRangeException.ThrowIfNegative(brokenCount);
        var (k, n) = (Math.Min(fixedCount, brokenCount), (long)fixedCount + brokenCount);
        // The lower tail then has one half or more of all.
        if (2L * k + 1 >= n) return 1;

        // C(n, k) / 2ⁿ: the power of two is kept apart and exact, so that nothing overflows and no logarithm loses digits.
        var (term, exponent) = (1.0, -n);
        for (var i = 1L; i <= k; i++)
        {
            term *= (double)(n - k + i) / i;
            if (term < Scale) continue;
            term /= Scale;
            exponent += ScaleBits;
        }
        var sum = 0.0;
        for (var i = (long)k; term > sum * Negligible; i--)
        {
            sum += term;
            term *= (double)i / (n - i + 1);
        }
        return Math.ScaleB(2 * sum, (int)Math.Max(exponent, int.MinValue));
    }
}
