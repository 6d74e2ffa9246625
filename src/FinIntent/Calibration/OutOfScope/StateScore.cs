using FinIntent.Generation;

namespace FinIntent.Calibration.OutOfScope;

/// <summary>The squared distance of a hidden state from the nearest intent's mean; with rows out of scope, less that from their
/// mean.</summary>
/// <remarks>
/// The second form is twice the log-likelihood ratio of linear discriminant analysis between the rows out of scope and the nearest
/// intent, with one
/// covariance for all.
/// </remarks>
sealed record StateScore : OutOfScopeScore
{
    readonly double[][] _projected;
    readonly double[]? _projectedOut;

    /// <param name="means">A mean for each intent that has rows, [K, C].</param>
    /// <param name="outMean">The mean of the rows out of scope; null for the distance from the intents alone.</param>
    public StateScore(ShrunkCovariance covariance, double[][] means, double[]? outMean)
        : base(outMean is null ? OutOfScopeKind.Mahalanobis : OutOfScopeKind.Discriminant)
    {
        (Covariance, Means, OutMean) = (covariance, means, outMean);
        _projected = [.. means.Select(covariance.Project)];
        _projectedOut = outMean is null ? null : covariance.Project(outMean);
    }

    public ShrunkCovariance Covariance { get; }
    public double[][] Means { get; }
    public double[]? OutMean { get; }

    /// <returns>Null where all states are the same.</returns>
    public static StateScore? Fit(IReadOnlyList<CalibrationRow> rows, IReadOnlyList<OptionReading> outOfScope)
    {
        List<List<double[]>> groups = [.. rows.GroupBy(r => r.Gold!.Value).OrderBy(g => g.Key).Select(g => g.Select(StateOf).ToList())];
        List<double[]> means = [.. groups.Select(Mean)];
        var outMean = outOfScope.Count == 0 ? null : Mean([.. outOfScope.Select(r => Wide(r.State))]);
        IEnumerable<double[]> centred = groups.Zip(means).SelectMany(g => g.First.Select(x => Minus(x, g.Second)));
        if (outMean is not null) centred = centred.Concat(outOfScope.Select(r => Minus(Wide(r.State), outMean)));
        return ShrunkCovariance.Fit([.. centred]) is { } covariance ? new(covariance, [.. means], outMean) : null;

        static double[] StateOf(CalibrationRow row) => Wide(row.Reading.State);
    }

    public override double Of(OptionReading reading)
    {
        var state = Wide(reading.State);
        var projected = Covariance.Project(state);
        var nearest = double.PositiveInfinity;
        for (var k = 0; k < Means.Length; k++)
            nearest = Math.Min(nearest, Covariance.SquaredDistance(state, Means[k], projected, _projected[k]));
        return OutMean is null ? nearest : nearest - Covariance.SquaredDistance(state, OutMean, projected, _projectedOut!);
    }

    static double[] Wide(float[] state) => [.. state.Select(x => (double)x)];

    static double[] Minus(double[] a, double[] b)
    {
        var difference = new double[a.Length];
        for (var i = 0; i < a.Length; i++) difference[i] = a[i] - b[i];
        return difference;
    }

    internal static double[] Mean(IReadOnlyList<double[]> states)
    {
        var mean = new double[states[0].Length];
        foreach (var state in states)
            for (var i = 0; i < mean.Length; i++) mean[i] += state[i] / states.Count;
        return mean;
    }
}
