using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>
/// Keys (after RoPE) and values of the tokens read so far, per layer and row, grouped heads unexpanded: [KV, length, D].
/// Rows may have different lengths.
/// </summary>
public sealed class KvCache(int layers, int rows) : IDisposable
{
    Tensor?[,] _keys = new Tensor?[layers, rows];
    Tensor?[,] _values = new Tensor?[layers, rows];

    public int Rows => _keys.GetLength(1);

    /// <summary>How many tokens of <paramref name="row"/> are held.</summary>
    public int Length(int row) => (int)(_keys[layers - 1, row]?.shape[1] ?? 0);

    /// <summary>Appends [KV, length, D] and returns all keys and values of the row in that layer; the cache owns them.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, int row, Tensor keys, Tensor values)
    {
        _keys[layer, row] = Joined(_keys[layer, row], keys);
        _values[layer, row] = Joined(_values[layer, row], values);
        return (_keys[layer, row]!, _values[layer, row]!);
    }

    /// <summary>Drops all rows but these, ascending, which move up to the places 0, 1, …</summary>
    public void Keep(IReadOnlyList<int> kept)
    {
        _keys = Kept(_keys);
        _values = Kept(_values);

        Tensor?[,] Kept(Tensor?[,] tensors)
        {
            var left = new Tensor?[layers, kept.Count];
            for (var layer = 0; layer < layers; layer++)
            {
                for (var i = 0; i < kept.Count; i++) (left[layer, i], tensors[layer, kept[i]]) = (tensors[layer, kept[i]], null);
            }
            foreach (var dropped in tensors) dropped?.Dispose();
            return left;
        }
    }

    static Tensor Joined(Tensor? before, Tensor added)
    {
        if (before is null) return added.clone().DetachFromDisposeScope();
        using (before) return cat([before, added], 1).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var t in _keys) t?.Dispose();
        foreach (var t in _values) t?.Dispose();
    }
}
