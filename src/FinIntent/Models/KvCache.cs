using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>
/// Keys (after RoPE) and values of the tokens read so far, grouped heads unexpanded: one tensor [B, KV, capacity, D] of each a layer, in
/// which a row fills as many places as it has tokens. Rows may have different lengths.
/// </summary>
/// <param name="capacity">Tokens to make room for at first; more are made room for as they come.</param>
public sealed class KvCache(ModelShape shape, int rows, int capacity = 0) : IDisposable
{
    readonly Tensor?[] _keys = new Tensor?[shape.Layers], _values = new Tensor?[shape.Layers];
    int[] _lengths = new int[rows];
    int _capacity = capacity;

    public int Rows => _lengths.Length;

    /// <summary>Tokens a row has room for.</summary>
    public int Capacity => _capacity;

    /// <summary>How many tokens of <paramref name="row"/> are held.</summary>
    public int Length(int row) => _lengths[row];

    /// <summary>Where each row's first head begins in a layer's tensor, in tokens of one head.</summary>
    internal int[] RowStarts => RowLayout.StartsOf([.. Enumerable.Repeat(shape.KvHeads * _capacity, Rows)]);

    /// <summary>All keys and values of a layer, [B, KV, capacity, D]; the cache owns them.</summary>
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

    /// <summary>Puts a layer's keys and values of a batch, [T, KV, D] each, where they belong.</summary>
    internal void Write(int layer, Tensor keys, Tensor values, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        if (batch.CachedPlaces is { } places) (keys, values) = (keys.index_select(0, places), values.index_select(0, places));
        Put(_keys[layer] ??= Room(keys).DetachFromDisposeScope(), keys);
        Put(_values[layer] ??= Room(values).DetachFromDisposeScope(), values);

        void Put(Tensor all, Tensor added) =>
            all.index_put_(added, TensorIndex.Tensor(batch.CacheRows!), TensorIndex.Colon, TensorIndex.Tensor(batch.CachePositions!));
    }

    /// <summary>The batch has been read: its rows are so much longer.</summary>
    internal void Advance(TokenBatch batch)
    {
        for (var row = 0; row < Rows; row++) _lengths[row] += batch.RowLengths[row];
    }

    /// <summary>Drops all rows but these, ascending, which move up to the places 0, 1, …</summary>
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

    // Zeros, for what is behind a row's end is multiplied by 0 where a kernel computes it at all.
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
