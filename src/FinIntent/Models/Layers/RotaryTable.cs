using FinIntent.Kernels;

namespace FinIntent.Models.Layers;

/// <summary>Keeps a model's cos and sin of all positions up to the furthest asked for, so that a forward only picks its own.</summary>
sealed class RotaryTable(int dimensions, double theta, RotaryPairs pairs = RotaryPairs.Halves) : IDisposable
{
    const int FewestPositions = 512;

    Tensor? _cos, _sin;

    /// <summary>Rotates q and k in fp32 whatever the compute type is.</summary>
    public bool IsFloat32 { get; init; }

    /// <param name="end">A bound: all positions [T] are below it.</param>
    /// <param name="type">The compute type.</param>
    /// <returns>An embedding whose tensors belong to the caller's dispose scope.</returns>
    public RotaryEmbedding At(Tensor positions, int end, ScalarType type)
    {
        if (IsFloat32 && type != ScalarType.Float64) type = ScalarType.Float32;
        var isKept = _cos is not null && _cos.shape[0] >= end && _cos.dtype == type && _cos.device == positions.device;
        if (!isKept) Make(end, type, positions.device);
        return new(_cos!.index_select(0, positions), _sin!.index_select(0, positions), pairs);
    }

    void Make(int end, ScalarType type, Device device)
    {
        var count = FewestPositions;
        while (count < end) count *= 2;
        Dispose();
        using var scope = NewDisposeScope();
        var all = RotaryEmbedding.At(arange(count, dtype: ScalarType.Int64, device: device), dimensions, theta, type, pairs);
        (_cos, _sin) = (all.Cos.DetachFromDisposeScope(), all.Sin.DetachFromDisposeScope());
    }

    public void Dispose()
    {
        _cos?.Dispose();
        _sin?.Dispose();
    }
}
