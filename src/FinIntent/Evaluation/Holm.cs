namespace FinIntent.Evaluation;

/// <summary>Adjusts the p values of several tests, so that the chance of one false alarm among all of them stays as asked for.</summary>
/// <remarks>S. Holm, 1979, https://www.jstor.org/stable/4615733.</remarks>
static class Holm
{
    /// <summary>Multiplies the smallest by m, the next by m − 1 and so on; none falls below a smaller one. The order is kept.</summary>
    public static IReadOnlyList<double> Adjust(IReadOnlyList<double> p)
    {
        var adjusted = new double[p.Count];
        var highest = 0.0;
        foreach (var (rank, i) in Enumerable.Range(0, p.Count).OrderBy(i => p[i]).Index())
        {
            highest = Math.Max(highest, Math.Min(1, p[i] * (p.Count - rank)));
            adjusted[i] = highest;
        }
        return adjusted;
    }
}
