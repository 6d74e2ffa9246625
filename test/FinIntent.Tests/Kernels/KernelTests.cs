using FinIntent.Kernels;
using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Kernels;

/// <summary>
/// Each fused operator against its definition in plain operators, which torch differentiates: fp32 closely, bf16 within its rounding.
/// </summary>
public sealed class KernelTests
{
    public static TheoryData<ScalarType, double> Types => new()
    {
        { ScalarType.Float64, 1e-12 }, { ScalarType.Float32, 1e-5 }, { ScalarType.BFloat16, 0.04 },
    };

    [Theory, MemberData(nameof(Types))]
    public void ResidualNorm_adds_and_normalises_and_its_gradient_is_the_definitions(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(type, 1, 7, 96), branch = Random(type, 2, 7, 96), weight = Random(type, 3, 96), dy = Random(type, 4, 7, 96),
            added = Random(type, 5, 7, 96);

        var (sum, normed) = ResidualNorm.Forward(x, branch, weight, 1e-5, RmsNormOrder.CastThenScale);
        var gradient = ResidualNorm.Backward(dy, sum, weight, 1e-5, added);

        Assert.True(sum.equal(x + branch).all().item<bool>());
        var leaf = sum.detach().clone().requires_grad_(true);
        var expected = ResidualNorm.Plain(leaf, weight, 1e-5, RmsNormOrder.CastThenScale);
        expected.backward([dy]);
        TensorAssert.Close(expected.detach(), normed, tolerance, "forward");
        TensorAssert.Close(leaf.grad! + added, gradient, tolerance, "gradient");
    }

    [Theory, MemberData(nameof(Types))]
    public void Heads_turn_in_place_and_back(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor joint = Random(type, 1, 6, 5, 64), cos = Random(type, 2, 6, 1, 32), sin = Random(type, 3, 6, 1, 32);
        foreach (var pairs in Enum.GetValues<RotaryPairs>())
        {
            var leaf = joint.narrow(1, 0, 3).clone().requires_grad_(true);
            var expected = Rotary.Plain(leaf, cos, sin, pairs);
            var turned = joint.clone();
            Rotary.Turn(turned, 3, cos, sin, pairs);
            TensorAssert.Close(expected.detach(), turned.narrow(1, 0, 3), tolerance, $"{pairs}");
            Assert.True(turned.narrow(1, 3, 2).equal(joint.narrow(1, 3, 2)).all().item<bool>());

            expected.backward([joint.narrow(1, 0, 3)]);
            var back = joint.clone();
            Rotary.Turn(back, 3, cos, sin, pairs, isBack: true);
            TensorAssert.Close(leaf.grad!, back.narrow(1, 0, 3), tolerance, $"{pairs} back");
        }
    }

    [Fact]
    public void Dimensions_without_an_angle_stay()
    {
        using var scope = NewDisposeScope();
        Tensor joint = Random(ScalarType.Float32, 1, 6, 5, 64), cos = Random(ScalarType.Float32, 2, 6, 1, 16),
            sin = Random(ScalarType.Float32, 3, 6, 1, 16);
        var turned = joint.clone();

        Rotary.Turn(turned, 5, cos, sin, RotaryPairs.Neighbours);

        Assert.True(turned.narrow(2, 32, 32).equal(joint.narrow(2, 32, 32)).all().item<bool>());
        TensorAssert.Close(Rotary.Plain(joint.narrow(2, 0, 32), cos, sin, RotaryPairs.Neighbours), turned.narrow(2, 0, 32), 1e-6, "turned");
    }

    [Theory, MemberData(nameof(Types))]
    public void GatedSilu_and_its_gradient_are_the_definitions(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor gateUp = Random(type, 1, 7, 128) * 3, dy = Random(type, 2, 7, 64);

        var (gradient, product) = GatedSilu.Backward(dy, gateUp);

        var leaf = gateUp.detach().clone().requires_grad_(true);
        var expected = GatedSilu.Plain(leaf);
        expected.backward([dy]);
        TensorAssert.Close(expected.detach(), GatedSilu.Forward(gateUp), 3 * tolerance, "forward");
        TensorAssert.Close(expected.detach(), product, 3 * tolerance, "product");
        TensorAssert.Close(leaf.grad!, gradient, 3 * tolerance, "gradient");
    }

    [Fact]
    public void Work_split_over_cores_is_the_same_work()
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(ScalarType.Float32, 8, 3000, 512), w = Random(ScalarType.Float32, 9, 512);

        TensorAssert.Close(ResidualNorm.Plain(x, w, 1e-5, RmsNormOrder.CastThenScale),
            ResidualNorm.Forward(x, null, w, 1e-5, RmsNormOrder.CastThenScale).Normed, 1e-5, "split");
    }

    static Tensor Random(ScalarType type, long seed, params long[] shape)
    {
        LibTorch.Load();
        return randn(shape, dtype: ScalarType.Float64, generator: new Generator((ulong)seed, CPU)).to(type);
    }
}
