namespace FinIntent.Evaluation;

/// <summary>How many of how many; with what the true share plausibly is.</summary>
public readonly record struct Proportion(int Successes, int Trials)
{
    // The standard normal's 0.975 quantile.
    const double Z = 1.959963984540054;

    /// <summary>NaN without trials.</summary>
    public double Value => (double)Successes / Trials;

    /// <summary>
    /// Wilson's score interval at 95 %, which keeps its promise for small counts and shares near 0 and 1. Without trials nothing is known:
    /// 0 to 1. E. B. Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953.
    /// </summary>
    public (double Low, double High) Wilson95
    {
        get
        {
            if (Trials == 0) return (0, 1);
            double n = Trials, p = Value, scale = 1 + Z * Z / n;
            var centre = (p + Z * Z / (2 * n)) / scale;
            var half = Z / scale * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
            // The ends are exactly 0 and 1 when none or all succeed; rounding would miss them.
            return (Successes == 0 ? 0 : centre - half, Successes == Trials ? 1 : centre + half);
        }
    }
}
