using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>
/// Rows of tokens laid end to end: everything that goes through a model (training, scoring, prefill, one decoding step) is one of these.
/// There is no padding, so a row's result cannot depend on its neighbours. Rows that begin alike may share that beginning, which is then
/// read once: what lies end to end are then not the rows but their stretches (<see cref="RowLayout"/>).
/// </summary>
public sealed class TokenBatch : IDisposable
{
    /// <summary>The label that is not trained on (PyTorch's cross_entropy ignore_index).</summary>
    public const int IgnoredLabel = -100;

    readonly NumberUpload _numbers;
    Tensor? _causalMask, _lengthMask;

    TokenBatch(NumberUpload numbers) => _numbers = numbers;

    /// <summary>[T] int64.</summary>
    public required Tensor Tokens { get; init; }

    /// <summary>[T] int64, counted from 0 in each row.</summary>
    public required Tensor Positions { get; init; }

    public required IReadOnlyList<int> RowLengths { get; init; }

    /// <summary>[S + 1], on the host: stretch s, which is row s unless beginnings are shared, is RowStarts[s] .. RowStarts[s + 1].</summary>
    public required int[] RowStarts { get; init; }

    /// <summary>[S + 1], on the host: the same for what each stretch sees, which is itself and all before it.</summary>
    public required int[] KeyStarts { get; init; }

    /// <summary>RowStarts on the device, int32, as ragged attention kernels read it; null on the CPU.</summary>
    public Tensor? DeviceRowStarts { get; private init; }

    /// <summary>KeyStarts on the device, int32, or where each row begins in the cache when that is read; null on the CPU.</summary>
    public Tensor? DeviceKeyStarts { get; private init; }

    /// <summary>How much each row sees in the cache, on the device, int32; null on the CPU or when the cache is not read.</summary>
    public Tensor? DeviceKeyLengths { get; private init; }

    /// <summary>[KeyStarts[S]] int64: the places in T of what each stretch sees; null: each sees itself alone, or reads the cache.</summary>
    public Tensor? KeyPlaces { get; private init; }

    /// <summary>The longest stretch.</summary>
    public int MaxRowLength { get; private init; }

    /// <summary>The most that a stretch sees; all positions are below.</summary>
    public int MaxKeyLength { get; private init; }

    /// <summary>[N] int64, the places in T whose logits are wanted; null: all.</summary>
    public Tensor? OutputIndex { get; private init; }

    /// <summary>[M] int64, the ids whose logits are wanted; null: the whole vocabulary.</summary>
    public Tensor? OutputIds { get; private init; }

    /// <summary>[N] int64, the token each of those places must predict; null outside training.</summary>
    public Tensor? Labels { get; private init; }

    /// <summary>Keys and values of the rows' earlier tokens, and where those of this batch go; null: each row starts here.</summary>
    public KvCache? Cache { get; private init; }

    /// <summary>Whether a row has earlier tokens.</summary>
    public bool HasPast { get; private init; }

    /// <summary>The rows of what goes to the cache.</summary>
    internal Tensor? CacheRows { get; private init; }

    /// <summary>The positions of what goes to the cache.</summary>
    internal Tensor? CachePositions { get; private init; }

    /// <summary>The places in T of what goes to the cache; null: all in order.</summary>
    internal Tensor? CachedPlaces { get; private init; }

    public int TokenCount => RowStarts[^1];

    public int RowCount => RowLengths.Count;

    /// <summary>How many labels the batch has.</summary>
    public int LabelCount => Labels is null ? 0 : (int)Labels.shape[0];

    /// <summary>Logits at every token of every row.</summary>
    public static TokenBatch All(IReadOnlyList<int[]> rows, Device device, KvCache? cache = null) => Create(rows, new() { Cache = cache }, device);

    /// <summary>Logits at the last token of every row: scoring, prefill, a decoding step.</summary>
    /// <param name="isShared">Beginnings that rows have in common are read once.</param>
    /// <param name="ids">The ids whose logits are wanted; null: the whole vocabulary.</param>
    public static TokenBatch Last(IReadOnlyList<int[]> rows, Device device, KvCache? cache = null, bool isShared = false, IReadOnlyList<int>? ids = null) =>
        Create(rows, new() { Outputs = [.. rows.Select((row, b) => (b, row.Length - 1))], Cache = cache, IsShared = isShared, Ids = ids }, device);

    /// <summary>Logits at these tokens, in this order.</summary>
    public static TokenBatch At(IReadOnlyList<int[]> rows, IReadOnlyList<(int Row, int Token)> outputs, Device device, bool isShared = false) =>
        Create(rows, new() { Outputs = outputs, IsShared = isShared }, device);

    /// <summary>How many tokens a row adds, at least, to a batch of these others that shares beginnings.</summary>
    public static int OwnTokens(int[] row, IEnumerable<int[]> others)
    {
        var shared = others.Select(other => other.AsSpan().CommonPrefixLength(row)).DefaultIfEmpty().Max();
        return row.Length - (shared < RowLayout.LeastShared ? 0 : shared);
    }

    /// <summary>
    /// Logits where a label is. labels[b][t] is the label of token t itself (−100: none), as in a row file; the shift by one is made here:
    /// the logits at t − 1 predict labels[b][t].
    /// </summary>
    /// <param name="isShared">As in <see cref="Last"/>; not for training, whose gradients it would sum in another order.</param>
    public static TokenBatch ForTraining(IReadOnlyList<int[]> rows, IReadOnlyList<int[]> labels, Device device, bool isShared = false)
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

    /// <summary>
    /// What is added to attention scores so that the last of a stretch's queries sees all its keys, the one before it all but the last, …:
    /// 0 or −∞, [M · groups, K] for the longest stretch M and the most keys K, each query <paramref name="groups"/> times. Fewer queries or
    /// keys use its lower right. Made once; the batch owns it.
    /// </summary>
    public Tensor CausalMask(long groups, ScalarType type)
    {
        if (_causalMask is not null && _causalMask.dtype == type && _causalMask.shape[0] == MaxRowLength * groups) return _causalMask;
        using var scope = NewDisposeScope();
        _causalMask?.Dispose();
        return _causalMask = full([MaxRowLength, MaxKeyLength], float.NegativeInfinity, dtype: type, device: Tokens.device)
            .triu(1 + MaxKeyLength - MaxRowLength).repeat_interleave(groups, 0).DetachFromDisposeScope();
    }

    /// <summary>
    /// The same for one query a row that reads the cache, [B · kvHeads, 1, K] for the most keys K: each row sees as many as it has.
    /// </summary>
    public Tensor LengthMask(long kvHeads, ScalarType type)
    {
        if (_lengthMask is not null && _lengthMask.dtype == type) return _lengthMask;
        using var scope = NewDisposeScope();
        var seen = Positions.unsqueeze(1).ge(arange(MaxKeyLength, dtype: ScalarType.Int64, device: Tokens.device).unsqueeze(0));   // [B, K]
        return _lengthMask = zeros(seen.shape, dtype: type, device: Tokens.device).masked_fill_(seen.logical_not(), float.NegativeInfinity)
            .repeat_interleave(kvHeads, 0).unsqueeze(1).DetachFromDisposeScope();
    }

    /// <summary>What is asked of a batch besides its rows.</summary>
    sealed record Request
    {
        /// <summary>The tokens whose logits are wanted; null: all, in the order of the rows.</summary>
        public IReadOnlyList<(int Row, int Token)>? Outputs { get; init; }

        public long[]? Labels { get; init; }

        public IReadOnlyList<int>? Ids { get; init; }

        public KvCache? Cache { get; init; }

        public bool IsShared { get; init; }
    }

    static TokenBatch Create(IReadOnlyList<int[]> rows, Request request, Device device)
    {
        var past = rows.Select((_, b) => request.Cache?.Length(b) ?? 0).ToArray();
        var hasPast = past.Any(length => length > 0);
        if (hasPast && request.IsShared) throw new ArgumentException("rows with a past cannot share a beginning");
        var layout = request.IsShared ? RowLayout.Shared(rows) : RowLayout.InOrder(rows);
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
        var deviceLengths = onDevice && hasPast ? numbers.Add(lengths) : null;
        var cacheRows = request.Cache is null ? null : numbers.Add([.. rows.SelectMany((row, b) => Enumerable.Repeat((long)b, row.Length))]);
        var cached = request is { Cache: not null, IsShared: true } ? numbers.Add([.. rows.SelectMany((_, b) => layout.PlacesOf(b))]) : null;
        var cachePositions = cached is null ? positions : numbers.Add([.. rows.SelectMany(row => Enumerable.Range(0, row.Length).Select(t => (long)t))]);
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

    /// <summary>Null: all, in order.</summary>
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
