namespace FinIntent.Calibration.OutOfScope;

/// <summary>The inverse of a covariance that is shrunk towards a multiple of the identity, so that it exists for fewer rows than
/// numbers.</summary>
/// <remarks>
/// O. Ledoit, M. Wolf, 2004, https://doi.org/10.1016/S0047-259X(03)00096-4, as scikit-learn's LedoitWolf. With S = V diag(λ) Vᵀ of rank R
/// the inverse of (1 − s) S + s μ I is I / (s μ) − Fᵀ F, so a factor of R directions is enough in place of C · C numbers.
/// </remarks>
/// <param name="Shrinkage">The share s of the identity, above 0 to 1.</param>
/// <param name="Scale">1 / (s μ), where μ is the mean variance.</param>
/// <param name="Factor">F, [R, C].</param>
sealed record ShrunkCovariance(double Shrinkage, double Scale, double[][] Factor)
{
    // With hardly any shrinkage two large numbers would be subtracted from each other.
    const double LeastShrinkage = 1e-6;

    /// <param name="rows">Rows whose mean was taken away, [n, C].</param>
    /// <returns>Null where all rows are zero.</returns>
    public static ShrunkCovariance? Fit(double[][] rows)
    {
        var (n, width) = (rows.Length, rows[0].Length);
        var squares = rows.Select(row => Dot(row, row)).ToList();
        var (mean, trace) = (squares.Sum() / n / width, squares.Sum() / n);
        if (!(mean > 0)) return null;
        var (values, directions) = Directions(rows);
        var squaredNorm = values.Sum(v => v * v);
        var spread = (squaredNorm - 2 * mean * trace + width * mean * mean) / width;
        var noise = Math.Min((squares.Sum(s => s * s) / n - squaredNorm) / width / n, spread);
        var shrinkage = Math.Max(noise <= 0 || spread <= 0 ? 0 : noise / spread, LeastShrinkage);
        var least = shrinkage * mean;
        return new(shrinkage, 1 / least, [.. values.Zip(directions, (value, direction) =>
        {
            var weight = Math.Sqrt(1 / least - 1 / ((1 - shrinkage) * value + least));
            return direction.Select(x => weight * x).ToArray();
        })]);
    }

    /// <summary>Returns F x, which <see cref="SquaredDistance"/> takes so that it is computed once for many means.</summary>
    public double[] Project(double[] x) => [.. Factor.Select(direction => Dot(direction, x))];

    /// <summary>Returns (x − y)ᵀ Σ⁻¹ (x − y).</summary>
    public double SquaredDistance(double[] x, double[] y, double[] projectedX, double[] projectedY) =>
        Math.Max(0, Scale * SquaredDifference(x, y) - SquaredDifference(projectedX, projectedY));

    /// <summary>Returns the eigenvalues of S that are not 0, and their directions, by the singular values of the rows.</summary>
    static (double[] Values, double[][] Directions) Directions(double[][] rows)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var (n, width) = (rows.Length, rows[0].Length);
        var x = tensor(rows.SelectMany(row => row).ToArray(), n, width);                                 // [n, C]
        var (_, s, v) = linalg.svd(x, fullMatrices: false);                                              // [R], [R, C]
        double[] values = [.. s.data<double>().ToArray().Select(value => value * value / n)];
        var all = v.contiguous().data<double>().ToArray();
        var kept = values.Count(value => value > values[0] * 1e-12);
        return (values[..kept], [.. Enumerable.Range(0, kept).Select(r => all[(r * width)..((r + 1) * width)])]);
    }

    internal static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        var (sums, i, step) = (System.Numerics.Vector<double>.Zero, 0, System.Numerics.Vector<double>.Count);
        for (; i <= a.Length - step; i += step)
            sums += new System.Numerics.Vector<double>(a[i..]) * new System.Numerics.Vector<double>(b[i..]);
        var sum = System.Numerics.Vector.Sum(sums);
        for (; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }

    static double SquaredDifference(double[] a, double[] b)
    {
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
