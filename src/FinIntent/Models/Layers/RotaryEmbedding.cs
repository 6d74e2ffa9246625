using FinIntent.Kernels;

namespace FinIntent.Models.Layers;

/// <summary>Holds cos and sin of one forward's positions, [T, 1, D / 2] each, for the first D dimensions of every head.</summary>
/// <remarks>The dimensions after them stay as they are. RoFormer, https://arxiv.org/abs/2104.09864</remarks>
sealed class RotaryEmbedding
{
    readonly Tensor _cos, _sin;
    readonly RotaryPairs _pairs;

    internal RotaryEmbedding(Tensor cos, Tensor sin, RotaryPairs pairs) => (_cos, _sin, _pairs) = (cos, sin, pairs);

    /// <summary>Computes angles in fp32, then rounds cos and sin to the type. The caller's dispose scope owns the tensors.</summary>
    /// <param name="dimensions">D, the number of a head's dimensions that are rotated.</param>
    public static RotaryEmbedding At(
        Tensor positions, int dimensions, double theta, ScalarType type, RotaryPairs pairs = RotaryPairs.Halves)
    {
        using var scope = NewDisposeScope();
        var wide = type == ScalarType.Float64 ? type : ScalarType.Float32;
        var exponents = arange(0, dimensions, 2, dtype: wide, device: positions.device) / dimensions;
        var frequencies = 1.0 / pow(theta, exponents);                                // [D / 2]
        var angles = positions.to(wide).unsqueeze(1) * frequencies.unsqueeze(0);      // [T, D / 2]
        var cos = angles.cos().to(type).unsqueeze(1);
        var sin = angles.sin().to(type).unsqueeze(1);
        return new(cos.MoveToOuterDisposeScope(), sin.MoveToOuterDisposeScope(), pairs);
    }

    internal Tensor Cos => _cos;
    internal Tensor Sin => _sin;

    /// <summary>Rotates x [T, H, ≥ D] in the type of cos and sin, and returns it in its own type.</summary>
    public Tensor Apply(Tensor x)
    {
        using var scope = NewDisposeScope();
        long turned = 2 * _cos.shape[^1], rest = x.shape[^1] - turned;
        var y = Rotary.Plain(x.narrow(-1, 0, turned), _cos, _sin, _pairs);
        return (rest == 0 ? y : cat([y, x.narrow(-1, turned, rest)], -1)).MoveToOuterDisposeScope();
    }

    /// <summary>Rotates the first heads of joint [T, n, ≥ D] in place, or back, without a gradient.</summary>
    internal void Turn(Tensor joint, int heads, bool isBack = false) => Rotary.Turn(joint, heads, _cos, _sin, _pairs, isBack);

    /// <summary>Joins the gradients of rotated q and k and of v into [T, H + 2·KV, ≥ D], with q's and k's rotated back.</summary>
    internal Tensor Join(Tensor dq, Tensor dk, Tensor dv) => Rotary.Join(dq, dk, dv, _cos, _sin, _pairs);
}
