namespace FinIntent.Authoring;

/// <summary>Plans what to ask for next.</summary>
static class RoundPlan
{
    // A round's requests do not know of each other's rows, so an intent gets at most this many.
    const int RequestsAnIntent = 2;

    /// <summary>Returns orders for what is missing, the intents in turn; none when nothing is missing.</summary>
    /// <param name="asked">The number of orders so far, for the turn of the styles.</param>
    public static IReadOnlyList<WritingOrder> Of(AuthoredSet set, int rowsPerRequest, IReadOnlyList<string> styles, int asked)
    {
        var perIntent = Enumerable.Range(0, set.Plan.Intents.Count).Select(intent => OrdersOf(set, intent, rowsPerRequest)).ToList();
        List<WritingOrder> orders = [];
        for (var turn = 0; turn < RequestsAnIntent; turn++)
            foreach (var (intent, counts) in perIntent.Index())
                if (turn < counts.Count) orders.Add(new(intent, counts[turn], styles[(asked + orders.Count) % styles.Count]));
        return orders;
    }

    static List<IReadOnlyList<(LengthRange, int)>> OrdersOf(AuthoredSet set, int intent, int rowsPerRequest)
    {
        int[] wanted = [.. set.Missing(intent).Select(missing => (int)Math.Ceiling(missing / set.Rate))];
        var rows = Math.Min(wanted.Sum(), RequestsAnIntent * rowsPerRequest);
        if (rows == 0) return [];
        var rest = Apportionment.Of([.. wanted.Select(count => (double)count)], rows);
        List<IReadOnlyList<(LengthRange, int)>> orders = [];
        for (var left = rows; left > 0; left = rest.Sum())
        {
            var counts = Apportionment.Of([.. rest.Select(count => (double)count)], Math.Min(left, rowsPerRequest));
            for (var l = 0; l < rest.Length; l++) rest[l] -= counts[l];
            orders.Add([.. set.Plan.Lengths.Zip(counts).Where(pair => pair.Second > 0)]);
        }
        return orders;
    }
}
