namespace FinIntent.Calibration;

/// <summary>Fits 1 / T and an offset for some classes at once: the least Σ log-loss + ½ Σ offset², which is convex.</summary>
/// <remarks>The second term is a normal prior of standard deviation 1; without it the offsets would be free up to a constant.</remarks>
sealed class OffsetFit
{
    const int MostSteps = 100;

    readonly IReadOnlyList<CalibrationRow> _rows;
    readonly int[] _free;
    readonly int _options;

    OffsetFit(IReadOnlyList<CalibrationRow> rows, int[] free) => (_rows, _free, _options) = (rows, free, rows[0].Reading.Logits.Length);

    /// <param name="free">The classes that get an offset.</param>
    public static LogitScaling Of(IReadOnlyList<CalibrationRow> rows, int[] free)
    {
        var fit = new OffsetFit(rows, free);
        var x = new double[free.Length + 1];
        x[0] = 1;
        fit.Minimise(x, isTemperatureFree: true);
        var inside = Math.Clamp(x[0], 1 / ScalingFit.HighestTemperature, 1 / ScalingFit.LowestTemperature);
        if (inside != x[0])
        {
            x[0] = inside;
            fit.Minimise(x, isTemperatureFree: false);
        }
        return fit.Scaling(x);
    }

    LogitScaling Scaling(double[] x)
    {
        var offsets = new double[_options];
        for (var j = 0; j < _free.Length; j++) offsets[_free[j]] = x[j + 1];
        return new(1 / x[0], offsets);
    }

    /// <summary>Newton's method; a step that does not go down is halved.</summary>
    void Minimise(double[] x, bool isTemperatureFree)
    {
        for (var step = 0; step < MostSteps; step++)
        {
            var (gradient, curvature) = Derivatives(x, isTemperatureFree);
            var move = Solve(curvature, gradient);
            var (value, share) = (Value(x), 1.0);
            double[] next;
            do
            {
                next = [.. x.Select((v, i) => v - share * move[i])];
                share /= 2;
            }
            while (!(Value(next) <= value) && share > 1e-12);
            var moved = x.Zip(next, (a, b) => Math.Abs(a - b)).Max();
            next.CopyTo(x, 0);
            if (moved < 1e-14) return;
        }
    }

    double Value(double[] x)
    {
        if (x[0] <= 0) return double.PositiveInfinity;
        var scaling = Scaling(x);
        return _rows.Sum(row => scaling.Loss(row.Reading.Logits, row.Gold!.Value)) + x.Skip(1).Sum(b => b * b) / 2;
    }

    (double[] Gradient, double[,] Curvature) Derivatives(double[] x, bool isTemperatureFree)
    {
        var scaling = Scaling(x);
        var size = x.Length;
        var (gradient, curvature) = (new double[size], new double[size, size]);
        foreach (var row in _rows)
        {
            var (l, gold) = (row.Reading.Logits, row.Gold!.Value);
            var p = scaling.Probabilities(l);
            var mean = p.Zip(l, (a, b) => a * b).Sum();
            gradient[0] += mean - l[gold];
            curvature[0, 0] += p.Zip(l, (a, b) => a * (b - mean) * (b - mean)).Sum();
            for (var j = 0; j < _free.Length; j++)
            {
                var a = _free[j];
                gradient[j + 1] += p[a] - (gold == a ? 1 : 0);
                curvature[0, j + 1] += p[a] * (l[a] - mean);
                for (var k = 0; k < _free.Length; k++) curvature[j + 1, k + 1] += p[a] * ((j == k ? 1 : 0) - p[_free[k]]);
            }
        }
        for (var j = 1; j < size; j++)
        {
            gradient[j] += x[j];
            curvature[j, j]++;
            curvature[j, 0] = isTemperatureFree ? curvature[0, j] : 0;
            if (!isTemperatureFree) curvature[0, j] = 0;
        }
        if (!isTemperatureFree) (gradient[0], curvature[0, 0]) = (0, 1);
        return (gradient, curvature);
    }

    /// <summary>Solves A m = g for a positive definite A by Cholesky's factor.</summary>
    static double[] Solve(double[,] a, double[] g)
    {
        var n = g.Length;
        var (factor, m) = (new double[n, n], (double[])g.Clone());
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var sum = a[i, j];
                for (var k = 0; k < j; k++) sum -= factor[i, k] * factor[j, k];
                factor[i, j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-300)) : sum / factor[j, j];
            }
        }
        for (var i = 0; i < n; i++)
        {
            for (var k = 0; k < i; k++) m[i] -= factor[i, k] * m[k];
            m[i] /= factor[i, i];
        }
        for (var i = n - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < n; k++) m[i] -= factor[k, i] * m[k];
            m[i] /= factor[i, i];
        }
        return m;
    }
}
