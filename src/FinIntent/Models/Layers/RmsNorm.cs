using FinIntent.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Where RMSNorm returns from fp32 to the input's type; the families differ, which shows below fp32.</summary>
public enum RmsNormOrder
{
    /// <summary>Normalise in fp32, cast, multiply by the weight (transformers' Llama and Qwen).</summary>
    CastThenScale,

    /// <summary>Normalise in fp32, multiply by the weight, cast (ChatGLM3).</summary>
    ScaleThenCast,

    /// <summary>Normalise in fp32, cast to the weight's type, multiply by the weight (Baichuan2). Differs from the first under fp32 weights.</summary>
    CastToWeightThenScale,
}

/// <summary>x / √(mean(x²) + ε) · weight over the last dimension. Root Mean Square Layer Normalization, https://arxiv.org/abs/1910.07467.</summary>
public sealed class RmsNorm : Module<Tensor, Tensor>
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

    public override Tensor forward(Tensor x)
    {
        // In fp32 all orders are one; so are the two that cast first when the weight has the input's type.
        if ((_order != RmsNormOrder.ScaleThenCast || x.dtype == ScalarType.Float32) && !_weight.requires_grad && _weight.dtype == x.dtype && CpuKernels.Take(x))
            return FusedOperators.RmsNorm(x, _weight, _epsilon);
        using var scope = NewDisposeScope();
        var h = x.to(ScalarType.Float32);
        h = h * rsqrt(h.square().mean([-1], keepdim: true) + _epsilon);
        h = _order switch
        {
            RmsNormOrder.ScaleThenCast => (h * _weight.to(ScalarType.Float32)).to(x.dtype),
            RmsNormOrder.CastToWeightThenScale => (h.to(_weight.dtype) * _weight).to(x.dtype),
            _ => h.to(x.dtype) * _weight.to(x.dtype),
        };
        return h.MoveToOuterDisposeScope();
    }
}
