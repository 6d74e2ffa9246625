using FinIntent.Generation;

namespace FinIntent.Calibration.OutOfScope;

/// <summary>The cosine distance, 0 to 2, of a hidden state from its k-th nearest row; the mean of all rows is taken away before.</summary>
/// <remarks>States of a language model all point in nearly one direction, their mean; what differs is beside it.</remarks>
/// <param name="Neighbour">k, counted from 1.</param>
/// <param name="Mean">The mean of the rows, [C].</param>
/// <param name="Rows">The rows without their mean, of length 1, [n, C].</param>
sealed record NeighbourScore(int Neighbour, double[] Mean, double[][] Rows) : OutOfScopeScore(OutOfScopeKind.Neighbour)
{
    const int K = 5;

    public static NeighbourScore Fit(IReadOnlyList<float[]> states)
    {
        var mean = StateScore.Mean([.. states.Select(s => s.Select(x => (double)x).ToArray())]);
        return new(Math.Min(K, states.Count), mean, [.. states.Select(state => Direction(state, mean))]);
    }

    public override double Of(OptionReading reading)
    {
        var direction = Direction(reading.State, Mean);
        Span<double> nearest = stackalloc double[Neighbour];
        nearest.Fill(double.NegativeInfinity);
        foreach (var row in Rows)
        {
            var cosine = ShrunkCovariance.Dot(row, direction);
            if (cosine <= nearest[^1]) continue;
            var place = nearest.Length - 1;
            for (; place > 0 && nearest[place - 1] < cosine; place--) nearest[place] = nearest[place - 1];
            nearest[place] = cosine;
        }
        return 1 - nearest[^1];
    }

    static double[] Direction(float[] state, double[] mean)
    {
        var direction = new double[state.Length];
        for (var i = 0; i < direction.Length; i++) direction[i] = state[i] - mean[i];
        var length = Math.Sqrt(ShrunkCovariance.Dot(direction, direction));
        if (length > 0)
            for (var i = 0; i < direction.Length; i++) direction[i] /= length;
        return direction;
    }
}
