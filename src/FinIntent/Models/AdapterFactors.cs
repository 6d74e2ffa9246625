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
abstract class AdapterFactors : IDisposable
{
    readonly IReadOnlyList<GroupFactors?[]> _layers;
    readonly bool[][] _changes;

    /// <param name="layers">The factors of each layer's groups, in the order of <see cref="Layers.DecoderLayer.Groups"/>; null: none.
    /// They are taken over.</param>
    protected AdapterFactors(CausalLanguageModel model, IReadOnlyList<GroupFactors?[]> layers)
    {
        _layers = layers;
        Bytes = layers.Sum(groups => groups.Sum(g => g?.Bytes ?? 0));
        _changes = [.. layers.Select(groups => groups.Select(g => g is not null).ToArray())];
        if (!model.AdapterRoom.IsUsed) return;
        using var _ = no_grad();
        Room = model.AdapterRoom;
        Layout = AdapterLayout.Of(model, layers.Max(groups => groups.Max(g => g?.Ranks.Max() ?? 0)));
        Flat = Layout.Flat(layers, model.ComputeType).DetachFromDisposeScope();
        Bytes = Flat.numel() * Flat.element_size();
        foreach (var group in layers.SelectMany(groups => groups)) group?.Dispose();
        _layers = [];
    }

    /// <summary>The bytes of the factors in host memory; on a GPU they take about as many there.</summary>
    public long Bytes { get; }

    /// <summary>Where the factors get a seat when they are used on a GPU; null on a CPU, which computes with them where they lie.</summary>
    internal AdapterRoom? Room { get; }

    /// <summary>How <see cref="Flat"/> is laid out.</summary>
    internal AdapterLayout? Layout { get; }

    /// <summary>The factors in host memory [1, Length], for a GPU.</summary>
    internal Tensor? Flat { get; }

    /// <summary>Says whether the factors are on the GPU now; on a CPU they are always where they are needed.</summary>
    public bool IsOnDevice => Room is null || Room.SeatOf(this) >= 0;

    /// <summary>Returns the factors of a group, on a CPU; null where it stays as it is.</summary>
    internal GroupFactors? Of(int layer, int group) => _layers[layer][group];

    internal bool Changes(int layer, int group) => _changes[layer][group];

    public virtual void Dispose()
    {
        Room?.Leave(this);
        Flat?.Dispose();
        foreach (var group in _layers.SelectMany(groups => groups)) group?.Dispose();
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
