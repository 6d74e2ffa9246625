using FinIntent.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models.Layers;

/// <summary>A model's cos and sin of all positions up to the furthest asked for: a forward picks its own, instead of computing them.</summary>
sealed class RotaryTable(int dimensions, double theta, RotaryPairs pairs = RotaryPairs.Halves) : IDisposable
{
    const int FewestPositions = 512;

    Tensor? _cos, _sin;

    /// <summary>q and k are turned in fp32 whatever the compute type.</summary>
    public bool IsFloat32 { get; init; }

    /// <param name="end">All positions [T] are below.</param>
    /// <param name="type">The compute type.</param>
    /// <returns>Its tensors belong to the caller's dispose scope.</returns>
    public RotaryEmbedding At(Tensor positions, int end, ScalarType type)
    {
        if (IsFloat32 && type != ScalarType.Float64) type = ScalarType.Float32;
        if (_cos is null || _cos.shape[0] < end || _cos.dtype != type || _cos.device != positions.device) Make(end, type, positions.device);
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
