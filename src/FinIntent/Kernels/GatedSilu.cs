using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Kernels;

/// <summary>silu(gate) · up. GLU Variants Improve Transformer, https://arxiv.org/abs/2002.05202.</summary>
static class GatedSilu
{
    /// <summary>gate and up side by side [T, 2I] → [T, I].</summary>
    public static Tensor Forward(Tensor gateUp) => Plain(gateUp);

    /// <summary>The gradient of gate and up [T, 2I] for that of the product [T, I], and the product itself, which is not kept.</summary>
    public static (Tensor Gradient, Tensor Product) Backward(Tensor dy, Tensor gateUp)
    {
        using var scope = NewDisposeScope();
        var half = gateUp.shape[1] / 2;
        Tensor gate = gateUp.narrow(1, 0, half), up = gateUp.narrow(1, half, half);
        var active = nn.functional.silu(gate);
        var gradient = empty_like(gateUp);
        var sigmoid = gate.sigmoid();
        // silu'(g) = σ(g) · (1 + g · (1 − σ(g)))
        gradient.narrow(1, 0, half).copy_(sigmoid.neg().add_(1).mul_(gate).add_(1).mul_(sigmoid).mul_(up).mul_(dy));
        gradient.narrow(1, half, half).copy_(active * dy);
        return (gradient.MoveToOuterDisposeScope(), active.mul_(up).MoveToOuterDisposeScope());
    }

    /// <summary>The definition in plain operators, which torch can differentiate.</summary>
    public static Tensor Plain(Tensor gateUp)
    {
        using var scope = NewDisposeScope();
        var half = gateUp.shape[1] / 2;
        return (nn.functional.silu(gateUp.narrow(1, 0, half)) * gateUp.narrow(1, half, half)).MoveToOuterDisposeScope();
    }
}
