namespace FinIntent.Evaluation;

/// <summary>
/// p values of several tests at once, so that the chance of one false alarm among all stays what is asked for. S. Holm, 1979,
/// https://www.jstor.org/stable/4615733.
/// </summary>
public static class Holm
{
    /// <summary>
    /// In the order given: the smallest times m, the next times m − 1, and so on; never below an adjusted smaller one, never above 1.
    /// </summary>
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
