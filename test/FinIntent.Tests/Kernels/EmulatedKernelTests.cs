using FinIntent.Kernels;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Kernels;

/// <summary>The CUDA kernels run by a CPU, at small sizes: whole vectors, several of them a thread, odd widths, one row.</summary>
[Trait("tier", "demand")]
public sealed class EmulatedKernelTests : IClassFixture<EmulatedKernelTests.Fixture>
{
    public sealed class Fixture : IDisposable
    {
        internal EmulatedKernels Kernels { get; } = new();

        public void Dispose() => Kernels.Dispose();
    }

    // fp16 differs from bf16 by conversions that a GPU makes itself.
    static readonly ScalarType[] Types = [ScalarType.Float32, ScalarType.BFloat16];

    readonly EmulatedKernels _kernels;

    public EmulatedKernelTests(Fixture fixture)
    {
        Tier.NeedsOnDemand(EmulatedKernels.IsPossible, "no g++ here");
        _kernels = fixture.Kernels;
    }

    public static TheoryData<ScalarType> EachType => new(Types);

    KernelContract On(ScalarType type) => new(_kernels, CPU, type);

    [Theory, MemberData(nameof(EachType))]
    public void Residual_norms(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (3, 64), (2, 4352), (1, 8448), (2, 77), (1, 16392) })
        {
            On(type).ResidualNorm_forward(rows, columns, RmsNormOrder.CastThenScale, rows > 1, type);
            if (columns < 100) On(type).ResidualNorm_forward(rows, columns, RmsNormOrder.ScaleThenCast, true, type);
            if (columns < 100) On(type).ResidualNorm_forward(rows, columns, RmsNormOrder.CastToWeightThenScale, true, type);
            On(type).ResidualNorm_forward(rows, columns, RmsNormOrder.CastThenScale, false, ScalarType.Float32);
            On(type).ResidualNorm_forward(rows, columns, RmsNormOrder.CastToWeightThenScale, true, ScalarType.Float32);
            On(type).ResidualNorm_backward(rows, columns, type);
            On(type).ResidualNorm_backward(rows, columns, ScalarType.Float32);
        }
    }

    [Theory, MemberData(nameof(EachType))]
    public void Rotary_turns_and_joins(ScalarType type)
    {
        foreach (var pairs in Enum.GetValues<RotaryPairs>())
            foreach (var angleType in new[] { type, ScalarType.Float32 })
                foreach (var (size, turned) in new[] { (128, 128), (128, 64), (64, 24), (10, 6) })
                {
                    On(type).Rotary_turns_in_place_and_back(3, 36, 32, size, turned, pairs, angleType);
                    On(type).Rotary_joins(3, 7, 2, size, turned, pairs, angleType);
                }
    }

    [Theory, MemberData(nameof(EachType))]
    public void Gated_silus(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (1, 4736), (5, 264), (3, 7) }) On(type).GatedSilu_forward_and_backward(rows, columns);
    }

    [Theory, MemberData(nameof(EachType))]
    public void Rows_of_fp8(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (5, 3584), (2, 18944), (1, 37888), (3, 4104), (1, 64), (5, 7), (1, 70000) })
            On(type).Fp8_rows(rows, columns);
    }

    [Theory, MemberData(nameof(EachType))]
    public void Weights_of_8_and_4_bits(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (9, 4096), (1, 64), (5, 77), (300, 64) })
        {
            On(type).Int8_rows(rows, columns);
            On(type).Nf4_numbers(rows, columns);
        }
    }

    [Theory, MemberData(nameof(EachType))]
    public void Lora_factors(ScalarType type)
    {
        On(type).Lora_factors(96, (64, 8), (16, 8), (16, 8));
        On(type).Lora_factors(77, (5, 3), (6, 0), (7, 2), (8, 1), (9, 4));
    }

    [Fact]
    public void Gated_silus_of_low_rank_sums()
    {
        foreach (var (rows, columns, ranks, split, ownRanks) in new[] { (21L, 64L, 16, 8, 8), (1, 192, 8, 0, 3), (70, 128, 5, 2, 1) })
            On(ScalarType.BFloat16).Low_rank_gated_silu(rows, columns, ranks, split, ownRanks);
    }

    [Fact]
    public void Sums_whose_rows_use_factors_of_their_own()
    {
        foreach (var ranks in (int[])[8, 16, 40])
        {
            On(ScalarType.BFloat16).Low_rank_rows(ranks, false, 128, 64, 64);
            On(ScalarType.BFloat16).Low_rank_rows(ranks, false, 192);
        }
        On(ScalarType.BFloat16).Low_rank_rows(8, true, 128, 128);
    }

    [Fact]
    public void Every_kernel_has_a_source()
    {
        Assert.NotEmpty(EmulatedKernels.All);
        Assert.All(EmulatedKernels.All, kernel =>
            Assert.True(_kernels.Has(kernel, ScalarType.BFloat16), $"{kernel.File}: no {kernel.Name}"));
    }
}
