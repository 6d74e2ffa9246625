namespace FinIntent.Evaluation;

/// <summary>How many of how many, with the limits between which the true share plausibly lies.</summary>
readonly record struct Proportion(int Successes, int Trials)
{
    /// <summary>The standard normal's 0.975 quantile.</summary>
    internal const double Z = 1.959963984540054;

    /// <summary>The share of successes; NaN without trials.</summary>
    public double Value => (double)Successes / Trials;

    /// <summary>Wilson's score interval at 95 %, which holds also for small counts and shares near 0 or 1; 0 to 1 without trials.</summary>
    /// <remarks>E. B. Wilson, 1927, https://doi.org/10.1080/01621459.1927.10502953.</remarks>
    public (double Low, double High) Wilson95 => Wilson(Value, Trials);

    /// <summary>The same where the trials count for another number than there are.</summary>
    internal static (double Low, double High) Wilson(double p, double n)
    {
        if (n == 0) return (0, 1);
        var scale = 1 + Z * Z / n;
        var centre = (p + Z * Z / (2 * n)) / scale;
        var half = Z / scale * Math.Sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
        // The ends are exactly 0 and 1 when none or all succeed; rounding would miss them.
        return (p == 0 ? 0 : centre - half, p == 1 ? 1 : centre + half);
    }
}
