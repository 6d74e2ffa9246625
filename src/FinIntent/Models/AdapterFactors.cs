namespace FinIntent.Models;

/// <summary>Holds one adapter's factors for a group of linears that read one input, in the type that the model computes in.</summary>
/// <param name="A">The factors A of the group's members, one under another, [ΣR, in].</param>
/// <param name="B">The transposes of their scaled B along the diagonal, [ΣR, Σout].</param>
/// <param name="Ranks">The rank of each member; 0 where the adapter leaves a member as it is.</param>
sealed record GroupFactors(Tensor A, Tensor B, IReadOnlyList<int> Ranks) : IDisposable
{
    public long Bytes => (A.numel() + B.numel()) * A.element_size();

    public void Dispose()
    {
        A.Dispose();
        B.Dispose();
    }
}

/// <summary>Holds the factors of one adapter that is on no layer: rows of a batch use it, others use another one.</summary>
/// <remarks>It is made on any thread. Only the thread that computes may use it in a batch, and dispose it when no forward runs.</remarks>
/// <param name="layers">The factors of each layer's groups, in the order of <see cref="Layers.DecoderLayer.Groups"/>; null: none.</param>
abstract class AdapterFactors(IReadOnlyList<GroupFactors?[]> layers) : IDisposable
{
    /// <summary>The bytes of the factors.</summary>
    public long Bytes { get; } = layers.Sum(groups => groups.Sum(g => g?.Bytes ?? 0));

    internal GroupFactors? Of(int layer, int group) => layers[layer][group];

    public virtual void Dispose()
    {
        foreach (var group in layers.SelectMany(groups => groups)) group?.Dispose();
    }
}

/// <summary>Says what a row stands on besides the model.</summary>
/// <param name="Adapter">The adapter that the row is read with; null means none.</param>
/// <param name="Kept">The kept beginning that the row is laid behind, of the same adapter; null means none.</param>
/// <param name="KeptTokens">How many of the row's tokens come from there: some of the kept ones, and not all of the row's.</param>
readonly record struct RowContext(AdapterFactors? Adapter, KeptKeys? Kept = null, int KeptTokens = 0);

/// <summary>Holds the keys (after RoPE) and values of a beginning that was read before, [K, KV, D] of each a layer.</summary>
sealed class KeptKeys(IReadOnlyList<(Tensor Keys, Tensor Values)> layers) : IDisposable
{
    public int Length { get; } = (int)layers[0].Keys.shape[0];
    public long Bytes { get; } = layers.Sum(l => 2 * l.Keys.numel() * l.Keys.element_size());

    internal (Tensor Keys, Tensor Values) Of(int layer) => layers[layer];

    /// <summary>Copies what a cache of one row holds.</summary>
    public static KeptKeys Of(KvCache cache, int layers)
    {
        using var scope = NewDisposeScope();
        return new([.. Enumerable.Range(0, layers).Select(layer => (Own(cache.Of(layer).Keys), Own(cache.Of(layer).Values)))]);

        // [1, KV, capacity, D] → [K, KV, D]
        Tensor Own(Tensor all) => all[0].narrow(1, 0, cache.Length(0)).transpose(0, 1).contiguous().clone().DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var (keys, values) in layers)
        {
            keys.Dispose();
            values.Dispose();
        }
    }
}
