using FinIntent.Models.Layers;
using FinIntent.Runtime;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Layers;

/// <summary>Each kernel against the plain operators it replaces, which torch differentiates: fp32 closely, bf16 within its rounding.</summary>
public sealed class FusedOperatorsTests
{
    public static TheoryData<ScalarType, double> Types => new() { { ScalarType.Float32, 2e-6 }, { ScalarType.BFloat16, 0.04 } };

    [Theory, MemberData(nameof(Types))]
    public void RmsNorm_is_the_plain_formula(ScalarType type, double tolerance)
    {
        Compare(type, tolerance, [Random(7, 96, 1)], [Random(96, 2).add(1)], (x, w) => FusedOperators.RmsNorm(x[0], w[0], 1e-5), (x, w) =>
        {
            var h = x[0].to(ScalarType.Float32);
            return (h * rsqrt(h.square().mean([-1], keepdim: true) + 1e-5)).to(type) * w[0];
        });
    }

    [Theory, MemberData(nameof(Types))]
    public void Rotation_is_the_plain_formula(ScalarType type, double tolerance) =>
        Compare(type, tolerance, [Random(6 * 3, 64, 5).view(6, 3, 64)], [Random(6, 32, 6).view(6, 1, 32), Random(6, 32, 7).view(6, 1, 32)],
            (x, t) => FusedOperators.Rotate(x[0], t[0], t[1]), (x, t) =>
            {
                var halves = x[0].chunk(2, -1);
                return cat([halves[0] * t[0] - halves[1] * t[1], halves[1] * t[0] + halves[0] * t[1]], -1);
            });

    [Fact]
    public void Work_split_over_cores_is_the_same_work()
    {
        Assert.SkipUnless(CpuKernels.Take(ones(16)), "these kernels need AVX-512");
        using var scope = NewDisposeScope();
        Tensor x = Random(3000, 512, 8), w = Random(512, 9);

        TensorAssert.Close(x * rsqrt(x.square().mean([-1], keepdim: true) + 1e-5) * w, FusedOperators.RmsNorm(x, w, 1e-5), 1e-5, "split");
    }

    static void Compare(ScalarType type, double tolerance, Tensor[] inputs, Tensor[] frozen,
        Func<Tensor[], Tensor[], Tensor> fused, Func<Tensor[], Tensor[], Tensor> plain)
    {
        Assert.SkipUnless(CpuKernels.Take(ones(16)), "these kernels need AVX-512");
        using var scope = NewDisposeScope();
        var weights = frozen.Select(t => t.to(type)).ToArray();
        var (y, gradients) = Run(fused);
        var (expected, expectedGradients) = Run(plain);

        TensorAssert.Close(expected, y, tolerance, "forward");
        foreach (var (want, got) in expectedGradients.Zip(gradients)) TensorAssert.Close(want, got, tolerance, "gradient");

        (Tensor, Tensor[]) Run(Func<Tensor[], Tensor[], Tensor> function)
        {
            var leaves = inputs.Select(t => t.to(type).detach().clone().requires_grad_(true)).ToArray();
            var output = function(leaves, weights);
            // A gradient that differs from place to place.
            (output * Random(1, output.numel(), 10).view(output.shape).to(type)).sum().backward();
            return (output.detach(), leaves.Select(t => t.grad!).ToArray());
        }
    }

    static Tensor Random(long rows, long columns, long seed) => randn(rows, columns, generator: new Generator((ulong)seed, CPU));

    static Tensor Random(long columns, long seed) => randn(columns, generator: new Generator((ulong)seed, CPU));
}
