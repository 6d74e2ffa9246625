namespace FinIntent.Authoring;

static class Apportionment
{
    /// <summary>Divides a total by shares: rounded down, and the rest to the largest remainders (Hamilton's method).</summary>
    public static int[] Of(IReadOnlyList<double> shares, int total)
    {
        var sum = shares.Sum();
        if (sum <= 0) return new int[shares.Count];
        double[] quotas = [.. shares.Select(share => share / sum * total)];
        // A quota that is whole but for rounding must not lose one.
        int[] counts = [.. quotas.Select(quota => (int)Math.Floor(quota + 1e-9))];
        // Among equal remainders the first wins.
        var byRemainder = Enumerable.Range(0, counts.Length).OrderByDescending(i => quotas[i] - counts[i]);
        foreach (var i in byRemainder.Take(total - counts.Sum())) counts[i]++;
        return counts;
    }
}
