using FinIntent.Runtime;

namespace FinIntent.Models;

/// <summary>Lays rows of tokens end to end. Training, scoring, prefill and a decoding step go through a model as one of these.</summary>
/// <remarks>Nothing is padded, so a row's result cannot depend on its neighbours. <see cref="RowLayout"/> says how rows share.</remarks>
sealed class TokenBatch : IDisposable
{
    /// <summary>The label of a token that is not trained on (ignore_index of PyTorch's cross_entropy).</summary>
    public const int IgnoredLabel = -100;

    readonly NumberUpload _numbers;
    Tensor? _causalMask, _lengthMask;

    TokenBatch(NumberUpload numbers) => _numbers = numbers;

    /// <summary>The token ids, [T] int64.</summary>
    public required Tensor Tokens { get; init; }

    /// <summary>The positions, [T] int64, counted from 0 in each row.</summary>
    public required Tensor Positions { get; init; }
    public required IReadOnlyList<int> RowLengths { get; init; }

    /// <summary>[S + 1], on the host: stretch s (row s, unless beginnings are shared) lies from RowStarts[s] to RowStarts[s + 1].</summary>
    public required int[] RowStarts { get; init; }

    /// <summary>[S + 1], on the host: the same for what each stretch sees, which is itself and all before it.</summary>
    public required int[] KeyStarts { get; init; }

    /// <summary>RowStarts on the device, int32, as ragged attention kernels read it; null on the CPU.</summary>
    public Tensor? DeviceRowStarts { get; private init; }

    /// <summary>KeyStarts on the device, int32, or where each row begins in the cache when that is read; null on the CPU.</summary>
    public Tensor? DeviceKeyStarts { get; private init; }

    /// <summary>How much each row sees in the cache, on the device, int32; null on the CPU or when the cache is not read.</summary>
    public Tensor? DeviceKeyLengths { get; private init; }

    /// <summary>[KeyStarts[S]] int64: the places in T of what each stretch sees; null: it sees itself alone, or reads the cache.</summary>
    public Tensor? KeyPlaces { get; private init; }

    /// <summary>The length of the longest stretch.</summary>
    public int MaxRowLength { get; private init; }

    /// <summary>The most tokens that a stretch sees; all positions are below it.</summary>
    public int MaxKeyLength { get; private init; }

    /// <summary>[N] int64: the places in T whose logits are wanted; null means all.</summary>
    public Tensor? OutputIndex { get; private init; }

    /// <summary>[M] int64: the ids whose logits are wanted; null means the whole vocabulary.</summary>
    public Tensor? OutputIds { get; private init; }

    /// <summary>[N] int64: the token that each of those places must predict; null outside training.</summary>
    public Tensor? Labels { get; private init; }

    /// <summary>Keys and values of the rows' earlier tokens, and the place for those of this batch; null: each row starts here.</summary>
    public KvCache? Cache { get; private init; }

    /// <summary>The adapters of the rows; null: they are read with the model as it is.</summary>
    public RowAdapters? Adapters { get; private init; }

    /// <summary>The beginnings read before that rows are laid behind; their tokens come first in what KeyPlaces counts.</summary>
    public IReadOnlyList<KeptKeys> Kept { get; private init; } = [];

    /// <summary>Says whether a row has earlier tokens.</summary>
    public bool HasPast { get; private init; }

    /// <summary>The rows of what goes to the cache.</summary>
    internal Tensor? CacheRows { get; private init; }

    /// <summary>The positions of what goes to the cache.</summary>
    internal Tensor? CachePositions { get; private init; }

    /// <summary>The places in T of what goes to the cache; null means all, in order.</summary>
    internal Tensor? CachedPlaces { get; private init; }
    public int TokenCount => RowStarts[^1];
    public int RowCount => RowLengths.Count;
    public int LabelCount => Labels is null ? 0 : (int)Labels.shape[0];

    /// <summary>Asks for the logits at every token of every row.</summary>
    public static TokenBatch All(IReadOnlyList<int[]> rows, Device device, KvCache? cache = null) =>
        Create(rows, new() { Cache = cache }, device);

    /// <summary>Asks for the logits at the last token of every row: scoring, prefill, a decoding step.</summary>
    /// <param name="isShared">Says that beginnings that rows have in common are read once.</param>
    /// <param name="ids">The ids whose logits are wanted; null means the whole vocabulary.</param>
    /// <param name="contexts">What each row stands on; null means the model alone. Rows of one adapter stand next to one another.</param>
    public static TokenBatch Last(IReadOnlyList<int[]> rows, Device device, KvCache? cache = null, bool isShared = false,
        IReadOnlyList<int>? ids = null, IReadOnlyList<RowContext>? contexts = null)
    {
        (int, int)[] outputs = [.. rows.Select((row, b) => (b, row.Length - 1))];
        return Create(rows, new() { Outputs = outputs, Cache = cache, IsShared = isShared, Ids = ids, Contexts = contexts }, device);
    }

    /// <summary>Asks for the logits at these tokens, in this order.</summary>
    /// <param name="contexts">As in <see cref="Last"/>; the outputs of one adapter's rows stand next to one another, too.</param>
    public static TokenBatch At(IReadOnlyList<int[]> rows, IReadOnlyList<(int Row, int Token)> outputs, Device device,
        bool isShared = false, IReadOnlyList<RowContext>? contexts = null) =>
        Create(rows, new() { Outputs = outputs, IsShared = isShared, Contexts = contexts }, device);

    /// <summary>Returns how many tokens a row adds, at least, to a batch of these others that shares beginnings.</summary>
    public static int OwnTokens(int[] row, IEnumerable<int[]> others)
    {
        var shared = others.Select(other => other.AsSpan().CommonPrefixLength(row)).DefaultIfEmpty().Max();
        return row.Length - (shared < RowLayout.LeastShared ? 0 : shared);
    }

    /// <summary>Asks for logits where a label is. labels[b][t] is the label of token t itself (−100: none), as in a row file.</summary>
    /// <remarks>The shift by one is made here: the logits at t − 1 predict labels[b][t].</remarks>
    /// <param name="isShared">As in <see cref="Last"/>; not for training, whose gradients it would sum in another order.</param>
    public static TokenBatch ForTraining(
        IReadOnlyList<int[]> rows, IReadOnlyList<int[]> labels, Device device, bool isShared = false)
    {
        List<(int, int)> outputs = [];
        List<long> targets = [];
        for (var b = 0; b < rows.Count; b++)
        {
            if (labels[b].Length != rows[b].Length)
                throw new ArgumentException($"row {b} has {rows[b].Length} tokens and {labels[b].Length} labels");
            for (var t = 1; t < labels[b].Length; t++)
            {
                if (labels[b][t] == IgnoredLabel) continue;
                outputs.Add((b, t - 1));
                targets.Add(labels[b][t]);
            }
        }
        return Create(rows, new() { Outputs = outputs, Labels = [.. targets], IsShared = isShared }, device);
    }

    /// <summary>Returns 0 or −∞ to add to attention scores: a stretch's last query sees all keys, the one before all but one, ….</summary>
    /// <remarks>It is [M · groups, K] for the longest stretch M and the most keys K, each query <paramref name="groups"/> times; fewer
    /// queries or keys use its lower right. It is made once, and the batch owns it.</remarks>
    public Tensor CausalMask(long groups, ScalarType type)
    {
        if (_causalMask is not null && _causalMask.dtype == type && _causalMask.shape[0] == MaxRowLength * groups) return _causalMask;
        using var scope = NewDisposeScope();
        _causalMask?.Dispose();
        return _causalMask = full([MaxRowLength, MaxKeyLength], float.NegativeInfinity, dtype: type, device: Tokens.device)
            .triu(1 + MaxKeyLength - MaxRowLength).repeat_interleave(groups, 0).DetachFromDisposeScope();
    }

    /// <summary>Returns the same for one query a row that reads the cache, [B · kvHeads, 1, K]: a row sees its own keys.</summary>
    public Tensor LengthMask(long kvHeads, ScalarType type)
    {
        if (_lengthMask is not null && _lengthMask.dtype == type) return _lengthMask;
        using var scope = NewDisposeScope();
        var columns = arange(MaxKeyLength, dtype: ScalarType.Int64, device: Tokens.device);
        var seen = Positions.unsqueeze(1).ge(columns.unsqueeze(0));                               // [B, K]
        return _lengthMask = zeros(seen.shape, dtype: type, device: Tokens.device).masked_fill_(seen.logical_not(), float.NegativeInfinity)
            .repeat_interleave(kvHeads, 0).unsqueeze(1).DetachFromDisposeScope();
    }

    /// <summary>Says what is asked of a batch besides its rows.</summary>
    sealed record Request
    {
        /// <summary>The tokens whose logits are wanted; null means all, in the order of the rows.</summary>
        public IReadOnlyList<(int Row, int Token)>? Outputs { get; init; }

        public long[]? Labels { get; init; }
        public IReadOnlyList<int>? Ids { get; init; }
        public KvCache? Cache { get; init; }
        public bool IsShared { get; init; }
        public IReadOnlyList<RowContext>? Contexts { get; init; }
    }

    static TokenBatch Create(IReadOnlyList<int[]> rows, Request request, Device device)
    {
        var past = rows.Select((_, b) => request.Cache?.Length(b) ?? 0).ToArray();
        var hasPast = past.Any(length => length > 0);
        if (hasPast && request.IsShared) throw new ArgumentException("rows with a past cannot share a beginning");
        var layout = request.IsShared ? RowLayout.Shared(rows, request.Contexts) : RowLayout.InOrder(rows, request.Contexts);
        if (layout.Kept.Count > 0 && request.Cache is not null)
            throw new ArgumentException("rows behind a kept beginning go to no cache");
        var lengths = rows.Select((row, b) => past[b] + row.Length).ToArray();
        int[] starts = layout.Starts, keyStarts = hasPast ? RowLayout.StartsOf(lengths) : layout.KeyStarts;
        request.Cache?.Reserve(lengths.Max());

        var numbers = new NumberUpload();
        var onDevice = device.type != DeviceType.CPU;
        var tokens = numbers.Add(layout.AtEachPlace((row, t) => rows[row][t]));
        var positions = numbers.Add(layout.AtEachPlace((row, t) => past[row] + t));
        var outputs = Places(layout, request.Outputs) is { } places ? numbers.Add(places) : null;
        var labels = request.Labels is null ? null : numbers.Add(request.Labels);
        var ids = request.Ids is null ? null : numbers.Add([.. request.Ids.Select(id => (long)id)]);
        var keyPlaces = layout.HasShared ? numbers.Add(layout.KeyPlaces) : null;
        var deviceStarts = onDevice ? numbers.Add(starts) : null;
        var deviceKeyStarts = onDevice ? numbers.Add(hasPast ? request.Cache!.RowStarts : keyStarts) : null;
        var adapters = RowAdapters.Of(
            request.Contexts, layout.AdapterStarts, outputs is null ? null : [.. request.Outputs!.Select(o => o.Row)], numbers);
        var deviceLengths = onDevice && hasPast ? numbers.Add(lengths) : null;
        var cacheRows = request.Cache is null ? null : numbers.Add([.. rows.SelectMany((row, b) => row.Select(_ => (long)b))]);
        var cached = request is { Cache: not null, IsShared: true }
            ? numbers.Add([.. rows.SelectMany((_, b) => layout.PlacesOf(b))]) : null;
        var cachePositions = cached is null ? positions : numbers.Add([.. rows.SelectMany(row => row.Select((_, t) => (long)t))]);
        numbers.Send(device);
        return new(numbers)
        {
            Tokens = tokens.Tensor,
            Positions = positions.Tensor,
            RowLengths = [.. rows.Select(row => row.Length)],
            RowStarts = starts,
            KeyStarts = keyStarts,
            DeviceRowStarts = deviceStarts?.Tensor,
            DeviceKeyStarts = deviceKeyStarts?.Tensor,
            DeviceKeyLengths = deviceLengths?.Tensor,
            KeyPlaces = keyPlaces?.Tensor,
            MaxRowLength = RowLayout.Longest(starts),
            MaxKeyLength = RowLayout.Longest(keyStarts),
            Adapters = adapters,
            Kept = layout.Kept,
            OutputIndex = outputs?.Tensor,
            OutputIds = ids?.Tensor,
            Labels = labels?.Tensor,
            Cache = request.Cache,
            HasPast = hasPast,
            CacheRows = cacheRows?.Tensor,
            CachePositions = cachePositions.Tensor,
            CachedPlaces = cached?.Tensor,
        };
    }

    /// <summary>Returns null for all places in order.</summary>
    static long[]? Places(RowLayout layout, IReadOnlyList<(int Row, int Token)>? outputs)
    {
        if (outputs is null) return null;
        long[] places = [.. outputs.Select(o => (long)layout.PlaceOf(o.Row, o.Token))];
        return places.Length == layout.TokenCount && places.Index().All(p => p.Item == p.Index) ? null : places;
    }

    public void Dispose()
    {
        _numbers.Dispose();
        _causalMask?.Dispose();
        _lengthMask?.Dispose();
    }
}
