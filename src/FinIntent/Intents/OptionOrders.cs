namespace FinIntent.Intents;

/// <summary>Makes the orders that options are asked in; the question's own is always the first.</summary>
static class OptionOrders
{
    public const string Rotations = "rotations", All = "all";

    // 7! is 5040, which is more than anybody means to ask.
    const int MostForAll = 6;

    /// <summary>Reads rotations (k cyclic shifts: each option stands at each place once), all (k! orders, as a dictionary sorts them), or
    /// a number N (the own order and N − 1 others, which <paramref name="seed"/> draws).</summary>
    /// <exception cref="UserErrorException">The setting is none of these, or the options have fewer orders, or too many.</exception>
    public static IReadOnlyList<OptionOrder> Of(string permutations, int options, int seed) => permutations switch
    {
        Rotations => [.. Enumerable.Range(0, options)
            .Select(shift => new OptionOrder([.. Enumerable.Range(0, options).Select(i => (i + shift) % options)]))],
        All => options <= MostForAll ? [.. Sorted([], options)] : throw new UserErrorException(
            $"permutations: all: {options} options have {Count(options):N0} orders; write a number of orders to draw, such as " +
            $"permutations: 100, or permutations: {Rotations} for {options}"),
        _ => NumberOf(permutations) is >= 2 and { } count ? Drawn(count, options, seed)
            : throw new UserErrorException(
                $"permutations: \"{permutations}\" is not one of {Rotations}, {All}, or a number of orders from 2"),
    };

    static int? NumberOf(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    static List<OptionOrder> Drawn(int count, int options, int seed)
    {
        if (count > Count(options))
            throw new UserErrorException($"permutations: {count}: {options} options have {Count(options):N0} orders; " +
                $"write permutations: {All}, or a smaller number");
        var random = new Random(seed);
        var places = Enumerable.Range(0, options).ToArray();
        List<OptionOrder> drawn = [OptionOrder.Own(options)];
        HashSet<string> seen = [string.Join(',', places)];
        while (drawn.Count < count)
        {
            random.Shuffle(places);
            if (seen.Add(string.Join(',', places))) drawn.Add(new([.. places]));
        }
        return drawn;
    }

    static IEnumerable<OptionOrder> Sorted(int[] begun, int options) => begun.Length == options ? [new(begun)]
        : Enumerable.Range(0, options).Except(begun).SelectMany(next => Sorted([.. begun, next], options));

    static double Count(int options) => Enumerable.Range(1, options).Aggregate(1.0, (count, i) => count * i);
}
