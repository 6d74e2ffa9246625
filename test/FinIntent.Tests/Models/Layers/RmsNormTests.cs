using FinIntent.Kernels;
using FinIntent.Models;
using FinIntent.Models.Layers;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Layers;

/// <summary>The three orders, step by step as each model's own code has them, and that they are not one another.</summary>
public sealed class RmsNormTests
{
    const double Epsilon = 1e-5;

    public static TheoryData<string, ScalarType> Cases => new()
    {
        { nameof(RmsNormOrder.CastThenScale), ScalarType.BFloat16 },
        { nameof(RmsNormOrder.ScaleThenCast), ScalarType.BFloat16 },
        { nameof(RmsNormOrder.CastToWeightThenScale), ScalarType.BFloat16 },
        { nameof(RmsNormOrder.CastToWeightThenScale), ScalarType.Float32 },
        { nameof(RmsNormOrder.ScaleThenCast), ScalarType.Float16 },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Rounding_happens_where_the_models_own_code_rounds(string named, ScalarType weightType)
    {
        var order = Enum.Parse<RmsNormOrder>(named);
        using var scope = NewDisposeScope();
        var type = weightType == ScalarType.Float16 ? ScalarType.Float16 : ScalarType.BFloat16;
        var (norm, weight, x) = Create(order, weightType, type);

        Assert.True(norm.forward(x).equal(Expected(order, weight, x)).all().item<bool>());
    }

    [Fact]
    public void The_orders_differ_in_16_bits_and_the_weights_type_decides_between_two()
    {
        using var scope = NewDisposeScope();
        var (_, weight, x) = Create(RmsNormOrder.CastThenScale, ScalarType.BFloat16, ScalarType.BFloat16);
        var (_, master, _) = Create(RmsNormOrder.CastThenScale, ScalarType.Float32, ScalarType.BFloat16);

        Assert.True(Differing(RmsNormOrder.CastThenScale, RmsNormOrder.ScaleThenCast, weight) > 100);
        Assert.Equal(0, Differing(RmsNormOrder.CastThenScale, RmsNormOrder.CastToWeightThenScale, weight));
        Assert.True(Differing(RmsNormOrder.CastThenScale, RmsNormOrder.CastToWeightThenScale, master) > 100);

        long Differing(RmsNormOrder a, RmsNormOrder b, Tensor w) => Expected(a, w, x).ne(Expected(b, w, x)).sum().item<long>();
    }

    internal static Tensor Expected(RmsNormOrder order, Tensor weight, Tensor x, double epsilon = Epsilon)
    {
        var normalized = x.to(ScalarType.Float32) * rsqrt(x.to(ScalarType.Float32).square().mean([-1], keepdim: true) + epsilon);
        return order switch
        {
            RmsNormOrder.CastThenScale => weight.to(x.dtype) * normalized.to(x.dtype),
            RmsNormOrder.ScaleThenCast => (weight.to(ScalarType.Float32) * normalized).to(x.dtype),
            _ => (weight * normalized.to(weight.dtype)).to(x.dtype),
        };
    }

    // 40 is no multiple of 16: the plain operators, whose bits can be told in advance.
    static (RmsNorm Norm, Tensor Weight, Tensor X) Create(RmsNormOrder order, ScalarType weightType, ScalarType type)
    {
        var norm = new RmsNorm(40, Epsilon, Placement.Cpu(weightType), order);
        var weight = norm.get_parameter("weight")!;
        using var _ = no_grad();
        weight.copy_(randn(40, generator: new Generator(1, CPU)).add_(1));
        return (norm, weight.detach(), randn(50, 40, generator: new Generator(2, CPU)).to(type));
    }
}
