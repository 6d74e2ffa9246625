using FinIntent.Kernels;
using FinIntent.Models.Layers;
using FinIntent.Models.Packed;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Tests.Models.Packed;

/// <summary>Products of packed weights against those of the dense weight that the bits stand for.</summary>
public sealed class PackedWeightTests
{
    public static TheoryData<string> Dequantized => new("int8", "nf4", "nf4, scales in fp32");

    [Theory, MemberData(nameof(Dequantized))]
    public void Product_and_gradient_are_those_of_the_dense_weight(string format)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(1, 7, 96), dy = Random(2, 7, 160), bias = Random(3, 160);

        using var packed = PackedWeights.FormatOf(format).Pack(Random(4, 160, 96), isTrained: true);

        var dense = packed.Dense();
        Assert.InRange((dense - Random(4, 160, 96)).abs().max().item<float>(), 1e-4, 0.7);
        TensorAssert.Close(functional.linear(x, dense, bias), packed.Product(x, bias), 0, "product with bias");
        TensorAssert.Close(functional.linear(x, dense), packed.Product(x, null), 0, "product");
        TensorAssert.Close(dy.matmul(dense), packed.InputGradient(dy), 0, "gradient");
    }

    [Theory]
    [InlineData(ScalarType.Float32, 2e-6)]
    [InlineData(ScalarType.Float64, 1e-14)]
    [InlineData(ScalarType.BFloat16, 0.02)]
    [InlineData(ScalarType.Float16, 0.002)]
    public void A_stretch_of_rows_at_a_time_gives_the_same(ScalarType type, double tolerance)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(1, 7, 96).to(type), dy = Random(2, 7, 500).to(type), bias = Random(3, 500).to(type),
            weight = Random(4, 500, 96) / 10;
        foreach (Func<Tensor, PackedRows> pack in (Func<Tensor, PackedRows>[])[rows => Int8Rows.Of(rows), rows => Nf4Rows.Of(rows, true)])
        {
            // 96 numbers a row: stretches of 128 rows, 128, 128 and 116.
            using var packed = DequantizedWeight.Of(weight, pack, mostNumbers: 12_000);

            var dense = packed.Dense().to(type);
            TensorAssert.Close(functional.linear(x, dense, bias), packed.Product(x, bias), tolerance * 4, "product with bias");
            TensorAssert.Close(functional.linear(x, dense), packed.Product(x, null), tolerance * 4, "product");
            TensorAssert.Close(dy.matmul(dense), packed.InputGradient(dy), tolerance * 10, "gradient");
        }
    }

    /// <summary>float8_e4m3fn has 3 bits behind the point and ends at 448: https://arxiv.org/abs/2209.05433, table 1.</summary>
    [Fact]
    public void Float8_rows_are_scaled_to_448_and_rounded_to_three_bits()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[,] { { 896, 2 * 17, 2 * 19, -2 * 0.1f }, { 0, 0, 0, 0 }, { -4.48f, 0.01f, 0.02f, 0.03f },
            { 0, 1e-40f, 0, 1e-37f } });

        var (values, scales) = Fp8Rows.Quantize(x);

        TensorAssert.Close(tensor(new[] { 2f, 1f, 0.01f, 1f }).view(4, 1), scales, 1e-9, "scales");
        // 17 and 19 lie between 16, 18 and 20: half to even. 0.1 lies between 0.09375 and 0.1015625.
        TensorAssert.Close(tensor(new float[,] { { 448, 16, 20, -0.1015625f }, { 0, 0, 0, 0 }, { -448, 1, 2, 3 }, { 0, 0, 0, 0 } }),
            values.to(ScalarType.Float32), 0, "values");
    }

    [Fact]
    public void Float8_products_are_those_of_the_numbers_the_bits_stand_for()
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(1, 7, 96), dy = Random(2, 7, 160), bias = Random(3, 160), weight = Random(4, 160, 96);

        using var packed = WeightFormat.Fp8.Pack(weight, isTrained: true);

        TensorAssert.Close(functional.linear(Rounded(x), Rounded(weight), bias), packed.Product(x, bias), 1e-5, "product");
        TensorAssert.Close(Rounded(dy).matmul(Rounded(weight.t()).t()), packed.InputGradient(dy), 1e-5, "gradient");
        Assert.InRange((packed.Product(x, null) - functional.linear(x, weight)).abs().max().item<float>(), 0.05, 2);
        Assert.Equal(2 * 160 * 96 + (160 + 96) * 4, packed.Bytes);

        static Tensor Rounded(Tensor rows)
        {
            var (values, scales) = Fp8Rows.Plain(rows);
            return values.to(ScalarType.Float32) * scales;
        }
    }

    [Fact]
    public void Float8_weights_for_use_alone_take_half_the_memory_and_give_no_gradient()
    {
        using var scope = NewDisposeScope();
        using var packed = WeightFormat.Fp8.Pack(Random(4, 160, 96), isTrained: false);

        Assert.Equal(160 * 96 + 160 * 4, packed.Bytes);
        Assert.Throws<InvalidOperationException>(() => packed.InputGradient(Random(2, 7, 160)));
    }

    [Fact]
    public void Float8_needs_sides_of_sixteens_and_a_GPU_that_has_it()
    {
        using var scope = NewDisposeScope();
        var sides = Assert.Throws<UserErrorException>(() => WeightFormat.Fp8.Pack(Random(4, 160, 100), isTrained: false)).Message;
        var device = Assert.Throws<UserErrorException>(() => WeightFormat.Fp8.Require(CPU)).Message;

        Assert.Contains("[160, 100]; use quantization_method: bnb", sides);
        Assert.Contains("fp8 needs a GPU", device);
        Assert.Contains("quantization_method: bnb", device);
        WeightFormat.Int8.Require(CPU);
    }

    [Fact]
    public void Nothing_is_left_of_a_product_but_its_result()
    {
        using var scope = NewDisposeScope();
        foreach (var format in PackedWeights.All)
        {
            using var packed = format.Pack(Random(4, 160, 96), isTrained: true);
            Tensor x = Random(1, 7, 96), dy = Random(2, 7, 160), bias = Random(3, 160);
            packed.Product(x, bias).Dispose();
            packed.InputGradient(dy).Dispose();
            var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

            packed.Product(x, bias).Dispose();
            packed.InputGradient(dy).Dispose();

            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        }
    }

    static Tensor Random(ulong seed, params long[] shape)
    {
        using var generator = new Generator(seed, CPU);
        return randn(shape, generator: generator);
    }
}

static class PackedWeights
{
    public static IReadOnlyList<WeightFormat> All { get; } = [WeightFormat.Int8, WeightFormat.Nf4, WeightFormat.Nf4SingleQuantized,
        WeightFormat.Fp8];

    public static WeightFormat FormatOf(string name) => All.Single(format => format.Name == name);

    /// <summary>
    /// The weight [out, in] that the bits stand for, in fp32: each product with a unit vector is one column of it, unrounded.
    /// </summary>
    public static Tensor Dense(this PackedWeight weight)
    {
        using var scope = NewDisposeScope();
        // No multiple of 16 or of 64 is needed to find the number of inputs.
        var inputs = ((DequantizedWeight)weight).Inputs;
        return weight.Product(eye(inputs), null).t().contiguous().MoveToOuterDisposeScope();
    }
}
