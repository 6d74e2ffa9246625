using FinIntent.Kernels;
using FinIntent.Runtime;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Kernels;

/// <summary>The kernels on a GPU against the plain operators there, at a 7B model's sizes and odd ones.</summary>
[Trait("tier", "gpu")]
public sealed class CudaKernelTests
{
    static readonly ScalarType[] Types = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16];

    static readonly Kernel Probe = new("gated_silu.cu", "gated_silu");

    public CudaKernelTests() => Tier.NeedsGpu();

    public static TheoryData<ScalarType> EachType => new(Types);

    static KernelDevice Gpu(ScalarType type)
    {
        string? why = null;
        KernelDevice.TellTo(text => why = text);
        using var probe = zeros(1, dtype: type, device: CUDA);
        var device = KernelDevice.Of(probe, Probe);
        Assert.True(device is not null, why ?? $"no kernels: {CudaKernels.Variable} is set?");
        return device;
    }

    static KernelContract On(ScalarType type) => new(Gpu(type), CUDA, type);

    [Theory, MemberData(nameof(EachType))]
    public void Residual_norms(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (4097, 3584), (1, 3584), (33, 8192), (5, 16384), (3, 18944), (17, 128), (2, 77), (1, 1),
            (3, 40000) })
        {
            foreach (var order in Enum.GetValues<RmsNormOrder>()) On(type).ResidualNorm_forward(rows, columns, order, rows != 33, type);
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
                foreach (var (rows, heads, kvHeads, size, turned) in new[] { (4097, 28, 4, 128, 128), (257, 32, 2, 128, 64),
                    (1, 14, 2, 64, 64), (3, 7, 2, 64, 24), (3, 5, 1, 10, 6) })
                {
                    On(type).Rotary_turns_in_place_and_back(rows, heads + 2 * kvHeads, heads + kvHeads, size, turned, pairs, angleType);
                    On(type).Rotary_joins(rows, heads, kvHeads, size, turned, pairs, angleType);
                }
    }

    [Theory, InlineData(ScalarType.BFloat16), InlineData(ScalarType.Float16)]
    public void Gated_silus_of_low_rank_sums(ScalarType type)
    {
        foreach (var (rows, columns, ranks, split, ownRanks) in new[] { (4097L, 18944L, 16, 8, 8), (1, 64, 8, 0, 8), (67, 13696, 8, 0, 4),
            (16, 192, 5, 2, 1), (130, 4864, 12, 4, 3) })
            On(type).Low_rank_gated_silu(rows, columns, ranks, split, ownRanks);
    }

    [Theory, InlineData(ScalarType.BFloat16), InlineData(ScalarType.Float16)]
    public void Sums_whose_rows_use_factors_of_their_own(ScalarType type)
    {
        foreach (var ranks in (int[])[8, 16, 40, 64])
        {
            On(type).Low_rank_rows(ranks, false, 3584, 512, 512);
            On(type).Low_rank_rows(ranks, false, 18944, 18944);
            On(type).Low_rank_rows(ranks, false, 3584);
        }
        On(type).Low_rank_rows(8, true, 18944, 18944);
        On(type).Low_rank_rows(8, true, 64, 64);
    }

    [Theory, MemberData(nameof(EachType))]
    public void Gated_silus(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (4097, 18944), (1, 18944), (5, 264), (3, 7), (1, 1), (70_000, 8) })
            On(type).GatedSilu_forward_and_backward(rows, columns);
    }

    [Theory, MemberData(nameof(EachType))]
    public void Rows_of_fp8(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (4097, 3584), (259, 18944), (33, 37888), (1, 3584), (5, 7), (3, 40000) })
            On(type).Fp8_rows(rows, columns);
    }

    [Theory, MemberData(nameof(EachType))]
    public void Weights_of_8_and_4_bits(ScalarType type)
    {
        foreach (var (rows, columns) in new[] { (4608, 3584), (3584, 18944), (1, 64), (5, 77), (70_001, 16) })
        {
            On(type).Int8_rows(rows, columns);
            On(type).Nf4_numbers(rows, columns);
        }
    }

    [Theory, MemberData(nameof(EachType))]
    public void Lora_factors(ScalarType type)
    {
        On(type).Lora_factors(3584, (3584, 8), (512, 8), (512, 8));
        On(type).Lora_factors(3584, (18944, 16), (18944, 8));
        On(type).Lora_factors(18944, (3584, 64));
        On(type).Lora_factors(77, (5, 3), (6, 0), (7, 2), (8, 1), (9, 4));
    }

    [Fact]
    public void Operators_take_the_kernels()
    {
        using var scope = NewDisposeScope();
        Gpu(ScalarType.BFloat16);
        var x = randn(4, 64, device: CUDA).to(ScalarType.BFloat16);

        var product = GatedSilu.Forward(x);

        Assert.Equal(0, product.ne(GatedSilu.On(Gpu(ScalarType.BFloat16), x)).sum().item<long>());
    }

    [Fact]
    public void Kernels_follow_torch_on_its_current_stream_from_any_thread()
    {
        using var scope = NewDisposeScope();
        var device = Gpu(ScalarType.BFloat16);
        var gateUp = randn(4096, 8192, device: CUDA).to(ScalarType.BFloat16);
        using var expected = GatedSilu.Plain(gateUp);
        var unequal = -1L;

        var thread = new Thread(() =>
        {
            using var inner = NewDisposeScope();
            var product = GatedSilu.On(device, gateUp * 1);
            unequal = product.ne(expected).sum().item<long>();
        });
        thread.Start();
        thread.Join();

        Assert.InRange(unequal, 0, expected.numel() / 100);
    }
}
