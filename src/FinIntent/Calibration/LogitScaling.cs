namespace FinIntent.Calibration;

/// <summary>Makes probabilities of the numbers that a model gives its options: softmax(logits / Temperature + Offsets).</summary>
/// <remarks>It is immutable, so any thread may use it. Temperature scaling: https://arxiv.org/abs/1706.04599</remarks>
/// <param name="Temperature">Above 1 it makes a model less sure of itself, below 1 more.</param>
/// <param name="Offsets">A number for each option; null means 0 for all.</param>
sealed record LogitScaling(double Temperature, double[]? Offsets = null)
{
    /// <summary>Leaves a model's own probabilities as they are.</summary>
    public static LogitScaling None { get; } = new(1);

    /// <summary>Returns the options' probabilities; they sum to 1.</summary>
    public double[] Probabilities(double[] logits)
    {
        var scaled = Scaled(logits);
        var highest = scaled.Max();
        var total = 0.0;
        for (var k = 0; k < scaled.Length; k++) total += scaled[k] = Math.Exp(scaled[k] - highest);
        for (var k = 0; k < scaled.Length; k++) scaled[k] /= total;
        return scaled;
    }

    /// <summary>Returns −ln of an option's probability.</summary>
    public double Loss(double[] logits, int option) => LossOf(Scaled(logits), option);

    /// <summary>Returns −ln softmax(logits)[option], exact also where the probability is near 1.</summary>
    public static double LossOf(double[] logits, int option)
    {
        var best = 0;
        for (var k = 1; k < logits.Length; k++)
            if (logits[k] > logits[best]) best = k;
        var others = 0.0;
        for (var k = 0; k < logits.Length; k++)
            if (k != best) others += Math.Exp(logits[k] - logits[best]);
        return logits[best] - logits[option] + LogOnePlus(others);
    }

    /// <summary>ln(1 + x), exact for small x, where 1 + x is rounded.</summary>
    static double LogOnePlus(double x)
    {
        var sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * (x / (sum - 1));
    }

    double[] Scaled(double[] logits)
    {
        var scaled = new double[logits.Length];
        for (var k = 0; k < logits.Length; k++) scaled[k] = logits[k] / Temperature + (Offsets?[k] ?? 0);
        return scaled;
    }
}
