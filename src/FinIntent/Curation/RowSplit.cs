namespace FinIntent.Curation;

/// <summary>A file that rows are divided into.</summary>
enum SplitPart { Train, Val, Eval }

/// <summary>Divides rows so that each class is divided alike and rows that ask nearly the same stay together.</summary>
static class RowSplit
{
    /// <param name="groups">Rows with the same number stay together.</param>
    /// <param name="classes">Each row's class.</param>
    /// <returns>Each row's part. The same arguments give the same parts.</returns>
    public static SplitPart[] Of(IReadOnlyList<int> groups, IReadOnlyList<string> classes, double valShare, double evalShare, int seed)
    {
        var needs = new Dictionary<SplitPart, Dictionary<string, int>>
        {
            [SplitPart.Eval] = Needs(classes, evalShare),
            [SplitPart.Val] = Needs(classes, valShare),
        };
        var shuffled = Enumerable.Range(0, groups.Count).GroupBy(row => groups[row]).Select(g => g.ToArray()).ToArray();
        new Random(seed).Shuffle(shuffled);
        return Take(shuffled, classes, needs);
    }

    /// <summary>Gives each group of rows, in turn, to the first part that still needs all of them, or else to training.</summary>
    /// <param name="groups">The numbers of rows that stay together.</param>
    /// <param name="needs">The rows of each class that a part needs; they are counted down.</param>
    public static SplitPart[] Take(
        IEnumerable<int[]> groups, IReadOnlyList<string> classes, Dictionary<SplitPart, Dictionary<string, int>> needs)
    {
        var parts = new SplitPart[classes.Count];
        foreach (var rows in groups)
        {
            var counts = rows.CountBy(row => classes[row]).ToList();
            var part = needs.Where(need => counts.All(c => need.Value[c.Key] >= c.Value))
                .Select(need => need.Key).DefaultIfEmpty(SplitPart.Train).First();
            foreach (var row in rows) parts[row] = part;
            if (part == SplitPart.Train) continue;
            foreach (var (name, count) in counts) needs[part][name] -= count;
        }
        return parts;
    }

    /// <summary>The rows needed of each class: its share, rounded, and one at least; a class of fewer than three stays whole.</summary>
    static Dictionary<string, int> Needs(IReadOnlyList<string> classes, double share) => classes.CountBy(name => name).ToDictionary(
        c => c.Key,
        c => share == 0 || c.Value < 3 ? 0 : Math.Max(1, (int)Math.Round(c.Value * share, MidpointRounding.AwayFromZero)));
}
