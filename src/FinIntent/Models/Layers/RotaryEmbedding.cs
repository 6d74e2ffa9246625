using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Models.Layers;

/// <summary>
/// cos and sin of one forward's positions, [T, 1, D / 2] each. Half-split pairing as in transformers: dimension i turns with i + D / 2.
/// RoFormer, https://arxiv.org/abs/2104.09864.
/// </summary>
public sealed class RotaryEmbedding
{
    readonly Tensor _cos, _sin;

    RotaryEmbedding(Tensor cos, Tensor sin)
    {
        _cos = cos;
        _sin = sin;
    }

    /// <summary>Angles in fp32, then cos and sin rounded to <paramref name="type"/>. The tensors belong to the caller's dispose scope.</summary>
    public static RotaryEmbedding At(Tensor positions, int headDim, double theta, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var exponents = arange(0, headDim, 2, dtype: ScalarType.Float32, device: positions.device) / headDim;
        var frequencies = 1.0 / pow(theta, exponents);                                             // [D / 2]
        var angles = positions.to(ScalarType.Float32).unsqueeze(1) * frequencies.unsqueeze(0);      // [T, D / 2]
        var cos = angles.cos().to(type).unsqueeze(1);
        var sin = angles.sin().to(type).unsqueeze(1);
        return new(cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope());
    }

    /// <summary>Turns x [T, H, D] in its own type.</summary>
    public Tensor Apply(Tensor x)
    {
        if (CpuKernels.Take(x) && CpuKernels.Take(_cos)) return FusedOperators.Rotate(x, _cos, _sin);
        using var scope = NewDisposeScope();
        var halves = x.chunk(2, -1);
        var (a, b) = (halves[0], halves[1]);
        return cat([a * _cos - b * _sin, b * _cos + a * _sin], -1).MoveToOuterDisposeScope();
    }
}
