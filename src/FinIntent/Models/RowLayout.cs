namespace FinIntent.Models;

/// <summary>Says where the tokens of a batch's rows lie: in stretches, end to end, of which each row is one.</summary>
/// <remarks>Rows that begin alike may share that beginning: a stretch of its own, behind which the rest lie, and may share again.</remarks>
sealed class RowLayout
{
    /// <summary>A shorter beginning is not worth a stretch.</summary>
    public const int LeastShared = 8;

    /// <summary>Holds a row's tokens from (inclusive) to (exclusive), behind those of the stretch before.</summary>
    sealed class Stretch(int row, int from, int to, Stretch? before)
    {
        public int Row => row;
        public int From => from;
        public int To => to;
        public Stretch? Before => before;

        /// <summary>The place where it begins.</summary>
        public int Start { get; set; }
        public int Length => To - From;
    }

    readonly IReadOnlyList<int[]> _rows;
    readonly List<Stretch> _stretches = [];
    readonly Stretch[] _ends;

    RowLayout(IReadOnlyList<int[]> rows)
    {
        if (rows.Count == 0 || rows.Any(row => row.Length == 0)) throw new ArgumentException("a batch needs rows, and each row a token");
        _rows = rows;
        _ends = new Stretch[rows.Count];
    }

    /// <summary>Lays row after row.</summary>
    public static RowLayout InOrder(IReadOnlyList<int[]> rows)
    {
        var layout = new RowLayout(rows);
        for (var b = 0; b < rows.Count; b++) layout._ends[b] = layout.Add(b, 0, rows[b].Length, null);
        return layout.Placed();
    }

    /// <summary>Lays common beginnings once, and stretches of one length beside one another.</summary>
    public static RowLayout Shared(IReadOnlyList<int[]> rows)
    {
        var layout = new RowLayout(rows);
        layout.Share([.. Enumerable.Range(0, rows.Count)], 0, null);
        var ordered = layout._stretches.OrderBy(s => s.Length).ThenBy(s => s.To).ToList();
        layout._stretches.Clear();
        layout._stretches.AddRange(ordered);
        return layout.Placed();
    }

    public int TokenCount { get; private set; }

    /// <summary>Says whether a stretch stands behind another.</summary>
    public bool HasShared => _stretches.Any(s => s.Before is not null);

    /// <summary>[S + 1] places: stretch s lies from Starts[s] to Starts[s + 1].</summary>
    public int[] Starts => StartsOf([.. _stretches.Select(s => s.Length)]);

    /// <summary>[S + 1] places: the same for what a stretch sees, which is itself and all before it.</summary>
    public int[] KeyStarts => StartsOf([.. _stretches.Select(s => s.To)]);

    /// <summary>[KeyStarts[S]] places of what each stretch sees.</summary>
    public long[] KeyPlaces => [.. _stretches.SelectMany(PlacesTo)];

    /// <summary>Returns the places of a row's tokens.</summary>
    public IEnumerable<long> PlacesOf(int row) => PlacesTo(_ends[row]);

    public int PlaceOf(int row, int token)
    {
        var stretch = _ends[row];
        while (token < stretch.From) stretch = stretch.Before!;
        return stretch.Start + token - stretch.From;
    }

    /// <summary>Returns, place by place, a row's tokens or anything else that rows that share a place agree on.</summary>
    public long[] AtEachPlace(Func<int, int, long> of)
    {
        var values = new long[TokenCount];
        foreach (var stretch in _stretches)
            for (var t = stretch.From; t < stretch.To; t++) values[stretch.Start + t - stretch.From] = of(stretch.Row, t);
        return values;
    }

    static IEnumerable<long> PlacesTo(Stretch stretch)
    {
        var own = Enumerable.Range(stretch.Start, stretch.Length).Select(place => (long)place);
        return stretch.Before is null ? own : PlacesTo(stretch.Before).Concat(own);
    }

    /// <summary>Returns where each of stretches that lie end to end begins, and where the last one ends.</summary>
    public static int[] StartsOf(IReadOnlyList<int> lengths)
    {
        var starts = new int[lengths.Count + 1];
        for (var s = 0; s < lengths.Count; s++) starts[s + 1] = starts[s] + lengths[s];
        return starts;
    }

    /// <summary>Returns the length of the longest of the stretches that begin there.</summary>
    public static int Longest(int[] starts) => Enumerable.Range(1, starts.Length - 1).Max(s => starts[s] - starts[s - 1]);

    Stretch Add(int row, int from, int to, Stretch? before)
    {
        var stretch = new Stretch(row, from, to, before);
        _stretches.Add(stretch);
        return stretch;
    }

    RowLayout Placed()
    {
        foreach (var stretch in _stretches)
        {
            stretch.Start = TokenCount;
            TokenCount += stretch.Length;
        }
        return this;
    }

    /// <summary>Lays rows that agree up to <paramref name="from"/>, and go on from there, behind <paramref name="before"/>.</summary>
    void Share(IReadOnlyList<int> rows, int from, Stretch? before)
    {
        if (rows.Count == 1)
        {
            _ends[rows[0]] = Add(rows[0], from, _rows[rows[0]].Length, before);
            return;
        }
        var first = _rows[rows[0]];
        var common = rows.Min(b => first.AsSpan().CommonPrefixLength(_rows[b]));
        if (common - from >= LeastShared)
        {
            before = Add(rows[0], from, common, before);
            foreach (var b in rows.Where(b => _rows[b].Length == common)) _ends[b] = before;
            rows = [.. rows.Where(b => _rows[b].Length > common)];
            from = common;
        }
        // Here the rows part, or one of them ends.
        foreach (var group in rows.GroupBy(b => _rows[b].Length == common ? -1 - b : _rows[b][common])) Share([.. group], from, before);
    }
}
