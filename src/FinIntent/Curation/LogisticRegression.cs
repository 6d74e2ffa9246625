namespace FinIntent.Curation;

/// <summary>Multinomial logistic regression on standardised features with an L2 penalty, by full-batch Adam from zero weights.</summary>
/// <remarks>The problem is convex and nothing is drawn at random, so the same rows give the same weights.</remarks>
sealed class LogisticRegression : IDisposable
{
    const int Steps = 300;
    const double Rate = 0.05, FirstDecay = 0.9, SecondDecay = 0.999, Tiny = 1e-8;

    readonly Tensor _mean, _scale, _weights;

    LogisticRegression(Tensor mean, Tensor scale, Tensor weights) => (_mean, _scale, _weights) = (mean, scale, weights);

    /// <param name="features">[N, D] fp32.</param>
    /// <param name="classes">Each row's class, 0 to <paramref name="classCount"/> − 1.</param>
    /// <param name="penalty">The factor of half the sum of squared weights, without the intercepts, beside the mean cross-entropy.</param>
    public static LogisticRegression Fit(Tensor features, long[] classes, int classCount, double penalty)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var mean = features.mean([0L], keepdim: true);
        var scale = features.std(0L, unbiased: false, keepdim: true).clamp_min(1e-6);
        var x = WithOne((features - mean) / scale);                                                      // [N, D + 1]
        var target = nn.functional.one_hot(tensor(classes), classCount).to(ScalarType.Float32);          // [N, K]
        var weights = zeros(x.shape[1], classCount);                                                     // [D + 1, K]
        // The intercepts, which only say how frequent classes are, are free.
        var penalties = cat([full(x.shape[1] - 1, classCount, (float)penalty), zeros(1, classCount)]);
        var (first, second) = (zeros_like(weights), zeros_like(weights));
        for (var step = 1; step <= Steps; step++)
        {
            using var inner = NewDisposeScope();
            var gradient = x.t().mm(x.mm(weights).softmax(1) - target) / x.shape[0] + penalties * weights;
            first.mul_(FirstDecay).add_(gradient * (1 - FirstDecay));
            second.mul_(SecondDecay).add_(gradient.square() * (1 - SecondDecay));
            // The rate falls to zero, so that the last steps settle.
            var rate = Rate * (1 - (step - 1.0) / Steps);
            var move = first / (1 - Math.Pow(FirstDecay, step)) / ((second / (1 - Math.Pow(SecondDecay, step))).sqrt() + Tiny);
            weights.sub_(move * rate);
        }
        return new(mean.DetachFromDisposeScope(), scale.DetachFromDisposeScope(), weights.DetachFromDisposeScope());
    }

    /// <summary>Returns each row's probabilities for features [N, D].</summary>
    public double[][] Probabilities(Tensor features)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var p = WithOne((features - _mean) / _scale).mm(_weights).softmax(1).to(ScalarType.Float64).contiguous();
        var values = p.data<double>().ToArray();
        return [.. values.Chunk((int)p.shape[1])];
    }

    static Tensor WithOne(Tensor x) => cat([x, ones(x.shape[0], 1)], 1);

    public void Dispose()
    {
        _mean.Dispose();
        _scale.Dispose();
        _weights.Dispose();
    }
}
