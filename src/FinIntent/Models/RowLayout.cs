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

        /// <summary>Says that these tokens were read before: they have no place in the batch, and begin among the kept ones.</summary>
        public bool IsKept { get; init; }
    }

    readonly IReadOnlyList<int[]> _rows;
    readonly IReadOnlyList<RowContext> _contexts;
    readonly List<Stretch> _stretches = [];
    readonly List<KeptKeys> _kept = [];
    readonly List<int> _adapterStarts = [];
    readonly Stretch[] _ends;

    RowLayout(IReadOnlyList<int[]> rows, IReadOnlyList<RowContext>? contexts)
    {
        if (rows.Count == 0 || rows.Any(row => row.Length == 0)) throw new ArgumentException("a batch needs rows, and each row a token");
        _rows = rows;
        _contexts = contexts ?? new RowContext[rows.Count];
        if (_contexts.Count != rows.Count) throw new ArgumentException($"{rows.Count} rows stand on {_contexts.Count} contexts");
        _ends = new Stretch[rows.Count];
    }

    /// <summary>Lays row after row.</summary>
    /// <param name="contexts">What each row stands on, without kept beginnings; null means the model alone.</param>
    public static RowLayout InOrder(IReadOnlyList<int[]> rows, IReadOnlyList<RowContext>? contexts = null)
    {
        var layout = new RowLayout(rows, contexts);
        if (layout._contexts.Any(c => c.Kept is not null)) throw new ArgumentException("rows behind a kept beginning share it");
        foreach (var (first, count) in RowAdapters.RunsOf(layout._contexts))
        {
            for (var b = first; b < first + count; b++) layout._ends[b] = layout.Add(b, 0, rows[b].Length, null);
            layout.Place(first);
        }
        return layout;
    }

    /// <summary>Lays common beginnings of rows of one adapter once, and of these the stretches of one length beside one another.</summary>
    /// <param name="contexts">What each row stands on; null means the model alone. Rows of one adapter stand next to one another.</param>
    public static RowLayout Shared(IReadOnlyList<int[]> rows, IReadOnlyList<RowContext>? contexts = null)
    {
        var layout = new RowLayout(rows, contexts);
        foreach (var (first, count) in RowAdapters.RunsOf(layout._contexts))
        {
            var before = layout._stretches.Count;
            foreach (var alike in Enumerable.Range(first, count).GroupBy(b => (layout._contexts[b].Kept, layout._contexts[b].KeptTokens)))
                layout.Share([.. alike], alike.Key.KeptTokens, layout.Behind(alike.First()));
            var ordered = layout._stretches[before..].OrderBy(s => s.Length).ThenBy(s => s.To).ToList();
            layout._stretches.RemoveRange(before, ordered.Count);
            layout._stretches.AddRange(ordered);
            layout.Place(before);
        }
        return layout;
    }

    public int TokenCount { get; private set; }

    /// <summary>The places where the runs of rows of one adapter begin, and where the last one ends.</summary>
    public int[] AdapterStarts => [.. _adapterStarts, TokenCount];

    /// <summary>The kept beginnings that rows are laid behind: all tokens of each, one after another, before those of the batch.</summary>
    public IReadOnlyList<KeptKeys> Kept => _kept;

    int KeptCount => _kept.Sum(k => k.Length);

    /// <summary>Says whether a stretch stands behind another.</summary>
    public bool HasShared => _stretches.Any(s => s.Before is not null);

    /// <summary>[S + 1] places: stretch s lies from Starts[s] to Starts[s + 1].</summary>
    public int[] Starts => StartsOf([.. _stretches.Select(s => s.Length)]);

    /// <summary>[S + 1] places: the same for what a stretch sees, which is itself and all before it.</summary>
    public int[] KeyStarts => StartsOf([.. _stretches.Select(s => s.To)]);

    /// <summary>[KeyStarts[S]] places of what each stretch sees, among all kept tokens and then those of the batch.</summary>
    public long[] KeyPlaces
    {
        get
        {
            var own = KeptCount;
            return [.. _stretches.SelectMany(stretch => PlacesTo(stretch, own))];
        }
    }

    /// <summary>Returns the places of a row's tokens, none of which is a kept one.</summary>
    public IEnumerable<long> PlacesOf(int row) => PlacesTo(_ends[row], 0);

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

    static IEnumerable<long> PlacesTo(Stretch stretch, int first)
    {
        var own = Enumerable.Range(stretch.Start + (stretch.IsKept ? 0 : first), stretch.Length).Select(place => (long)place);
        return stretch.Before is null ? own : PlacesTo(stretch.Before, first).Concat(own);
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

    /// <summary>Returns the stretch of the kept tokens that a row is laid behind; null means none.</summary>
    Stretch? Behind(int row)
    {
        var (_, kept, tokens) = _contexts[row];
        if (kept is null) return null;
        if (tokens < 1 || tokens > kept.Length || tokens >= _rows[row].Length)
            throw new ArgumentException($"a row of {_rows[row].Length} tokens cannot be laid behind {tokens} of {kept.Length} kept ones");
        if (!_kept.Contains(kept)) _kept.Add(kept);
        return new(row, 0, tokens, null) { IsKept = true, Start = _kept.TakeWhile(k => k != kept).Sum(k => k.Length) };
    }

    /// <summary>Gives the stretches from this one on, which are of one adapter, their places.</summary>
    void Place(int first)
    {
        _adapterStarts.Add(TokenCount);
        foreach (var stretch in _stretches.Skip(first))
        {
            stretch.Start = TokenCount;
            TokenCount += stretch.Length;
        }
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
