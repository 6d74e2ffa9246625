using FinIntent.Kernels;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Computes x / √(mean(x²) + ε) · weight over the last dimension. https://arxiv.org/abs/1910.07467</summary>
sealed class RmsNorm : Module<Tensor, Tensor>
{
    readonly double _epsilon;
    readonly RmsNormOrder _order;
    [ComponentName(Name = "weight")] readonly Parameter _weight;

    public RmsNorm(int size, double epsilon, Placement placement, RmsNormOrder order = RmsNormOrder.CastThenScale) : base(nameof(RmsNorm))
    {
        _epsilon = epsilon;
        _order = order;
        _weight = Parameters.Empty(placement, size);
        RegisterComponents();
    }

    /// <summary>Computes the norm in plain operators, with a gradient.</summary>
    public override Tensor forward(Tensor x) => ResidualNorm.Plain(x, _weight, _epsilon, _order);

    /// <summary>Returns x + branch and its norm, without a gradient.</summary>
    internal (Tensor Sum, Tensor Normed) Frozen(Tensor x, Tensor? branch) => ResidualNorm.Forward(x, branch, _weight, _epsilon, _order);

    /// <summary>Returns the norm of a sum that is kept.</summary>
    internal Tensor Frozen(Tensor sum)
    {
        using var scope = NewDisposeScope();
        return Frozen(sum, null).Normed.MoveToOuterDisposeScope();
    }

    /// <summary>Returns the gradient of the sum, for that of its norm and the one that reaches it past the norm.</summary>
    internal Tensor FrozenBackward(Tensor dy, Tensor sum, Tensor added) => ResidualNorm.Backward(dy, sum, _weight, _epsilon, added);
}
