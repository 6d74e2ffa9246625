using static TorchSharp.torch;

namespace FinIntent.Models;

/// <summary>
/// Keys (after RoPE) and values of the tokens read so far, per layer and row, grouped heads unexpanded: [KV, length, D].
/// Rows may have different lengths.
/// </summary>
public sealed class KvCache(int layers, int rows) : IDisposable
{
    readonly Tensor?[,] _keys = new Tensor?[layers, rows];
    readonly Tensor?[,] _values = new Tensor?[layers, rows];

    public int Rows => rows;

    /// <summary>How many tokens of <paramref name="row"/> are held.</summary>
    public int Length(int row) => (int)(_keys[layers - 1, row]?.shape[1] ?? 0);

    /// <summary>Appends [KV, length, D] and returns all keys and values of the row in that layer; the cache owns them.</summary>
    public (Tensor Keys, Tensor Values) Append(int layer, int row, Tensor keys, Tensor values)
    {
        _keys[layer, row] = Joined(_keys[layer, row], keys);
        _values[layer, row] = Joined(_values[layer, row], values);
        return (_keys[layer, row]!, _values[layer, row]!);
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
