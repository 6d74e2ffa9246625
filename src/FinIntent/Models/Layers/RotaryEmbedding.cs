using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models.Layers;

/// <summary>Which two dimensions of the D that are turned turn together.</summary>
public enum RotaryPairs
{
    /// <summary>i with i + D / 2 (transformers).</summary>
    Halves,

    /// <summary>2i with 2i + 1 (the paper, ChatGLM).</summary>
    Neighbours,
}

/// <summary>
/// cos and sin of one forward's positions, [T, 1, D / 2] each, for the first D dimensions of every head; the dimensions after them are left
/// as they are. RoFormer, https://arxiv.org/abs/2104.09864.
/// </summary>
public sealed class RotaryEmbedding
{
    readonly Tensor _cos, _sin;
    readonly RotaryPairs _pairs;

    RotaryEmbedding(Tensor cos, Tensor sin, RotaryPairs pairs)
    {
        _cos = cos;
        _sin = sin;
        _pairs = pairs;
    }

    /// <summary>Angles in fp32, then cos and sin rounded to <paramref name="type"/>. The tensors belong to the caller's dispose scope.</summary>
    /// <param name="dimensions">D: how many of a head's dimensions turn.</param>
    public static RotaryEmbedding At(Tensor positions, int dimensions, double theta, ScalarType type, RotaryPairs pairs = RotaryPairs.Halves)
    {
        using var scope = NewDisposeScope();
        var exponents = arange(0, dimensions, 2, dtype: ScalarType.Float32, device: positions.device) / dimensions;
        var frequencies = 1.0 / pow(theta, exponents);                                             // [D / 2]
        var angles = positions.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);      // [T, D / 2]
        var cos = angles.cos().to(type).unsqueeze(1);
        var sin = angles.sin().to(type).unsqueeze(1);
        return new(cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope(), pairs);
    }

    /// <summary>Turns x [T, H, ≥ D] in the type of cos and sin, and returns it in its own.</summary>
    public Tensor Apply(Tensor x)
    {
        long turned = 2 * _cos.shape[^1], rest = x.shape[^1] - turned;
        if (_pairs == RotaryPairs.Halves && rest == 0 && x.dtype == _cos.dtype && CpuKernels.Take(x) && CpuKernels.Take(_cos))
            return FusedOperators.Rotate(x, _cos, _sin);
        using var scope = NewDisposeScope();
        var y = Turn(x.narrow(-1, 0, turned).to(_cos.dtype)).to(x.dtype);
        return (rest == 0 ? y : cat([y, x.narrow(-1, turned, rest)], -1)).MoveToOuterDisposeScope();
    }

    Tensor Turn(Tensor x)
    {
        var isHalves = _pairs == RotaryPairs.Halves;
        var parts = isHalves ? x.chunk(2, -1) : x.view(x.shape[0], x.shape[1], -1, 2).unbind(-1);   // [T, H, D / 2] each
        var (a, b) = (parts[0], parts[1]);
        Tensor c = a * _cos - b * _sin, d = b * _cos + a * _sin;
        return isHalves ? cat([c, d], -1) : stack([c, d], -1).flatten(2);
    }
}
