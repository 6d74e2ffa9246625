namespace FinIntent.Models;

/// <summary>Keeps keys (after RoPE) and values of the tokens read so far, with one tensor [B, KV, capacity, D] of each a layer.</summary>
/// <remarks>Grouped heads are not expanded. A row fills as many places as it has tokens; rows may differ in length.</remarks>
/// <param name="capacity">The tokens to make room for at first; more room is made as they come.</param>
sealed class KvCache(ModelShape shape, int rows, int capacity = 0) : IDisposable
{
    readonly Tensor?[] _keys = new Tensor?[shape.Layers], _values = new Tensor?[shape.Layers];
    int[] _lengths = new int[rows];
    int _capacity = capacity;

    public int Rows => _lengths.Length;

    /// <summary>The number of tokens that a row has room for.</summary>
    public int Capacity => _capacity;

    /// <summary>Returns how many tokens of <paramref name="row"/> are held.</summary>
    public int Length(int row) => _lengths[row];

    /// <summary>The places where each row's first head begins in a layer's tensor, counted in tokens of one head.</summary>
    internal int[] RowStarts => RowLayout.StartsOf([.. Enumerable.Repeat(shape.KvHeads * _capacity, Rows)]);

    /// <summary>Returns all keys and values of a layer, [B, KV, capacity, D]; the cache owns them.</summary>
    internal (Tensor Keys, Tensor Values) Of(int layer) => (_keys[layer]!, _values[layer]!);

    /// <summary>Makes room for rows of so many tokens.</summary>
    internal void Reserve(int tokens)
    {
        if (tokens <= _capacity) return;
        var before = _capacity;
        _capacity = Math.Max(tokens, 2 * before);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Replace(ref _keys[layer], Grown);
            Replace(ref _values[layer], Grown);
        }

        Tensor Grown(Tensor old)
        {
            var grown = Room(old);
            grown.narrow(2, 0, before).copy_(old);
            return grown;
        }
    }

    /// <summary>Puts a layer's keys and values of a batch, [T, KV, D] each, into their places.</summary>
    internal void Write(int layer, Tensor keys, Tensor values, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        if (batch.CachedPlaces is { } places) (keys, values) = (keys.index_select(0, places), values.index_select(0, places));
        Put(_keys[layer] ??= Room(keys).DetachFromDisposeScope(), keys);
        Put(_values[layer] ??= Room(values).DetachFromDisposeScope(), values);

        void Put(Tensor all, Tensor added) =>
            all.index_put_(added, TensorIndex.Tensor(batch.CacheRows!), TensorIndex.Colon, TensorIndex.Tensor(batch.CachePositions!));
    }

    /// <summary>Makes the rows longer by a batch that has been read.</summary>
    internal void Advance(TokenBatch batch)
    {
        for (var row = 0; row < Rows; row++) _lengths[row] += batch.RowLengths[row];
    }

    /// <summary>Drops all rows but these, in ascending order, which move up to the places 0, 1, …</summary>
    public void Keep(IReadOnlyList<int> kept)
    {
        _lengths = [.. kept.Select(row => _lengths[row])];
        if (_keys[0] is not { } first) return;
        using var index = tensor(kept.Select(row => (long)row).ToArray(), device: first.device);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            Replace(ref _keys[layer], old => old.index_select(0, index));
            Replace(ref _values[layer], old => old.index_select(0, index));
        }
    }

    // Zeros are needed: a kernel that computes at all what is behind a row's end multiplies it by 0.
    Tensor Room(Tensor like) => zeros([Rows, shape.KvHeads, _capacity, like.shape[^1]], dtype: like.dtype, device: like.device);

    static void Replace(ref Tensor? held, Func<Tensor, Tensor> by)
    {
        if (held is not { } old) return;
        using var scope = NewDisposeScope();
        held = by(old).DetachFromDisposeScope();
        old.Dispose();
    }

    public void Dispose()
    {
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            _keys[layer]?.Dispose();
            _values[layer]?.Dispose();
            _keys[layer] = _values[layer] = null;
        }
    }
}
