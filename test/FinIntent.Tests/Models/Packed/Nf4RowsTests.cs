using FinIntent.Kernels;
using FinIntent.Models.Packed;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Packed;

public sealed class Nf4RowsTests
{
    /// <summary>
    /// QLoRA, https://arxiv.org/abs/2305.14314, section 3, as bitsandbytes computes it (functional.create_normal_map, offset 0.9677083):
    /// eight
    /// quantiles above zero, seven below, zero itself, divided by the largest.
    /// </summary>
    [Fact]
    public void The_values_are_quantiles_of_the_normal_distribution()
    {
        const double offset = 0.9677083;
        double[] above = [.. Enumerable.Range(0, 8).Select(i => Quantile(offset + (0.5 - offset) * i / 8))];
        double[] below = [.. Enumerable.Range(0, 7).Select(i => -Quantile(offset + (0.5 - offset) * i / 7))];

        double[] expected = [.. above.Concat(below).Append(0).Order().Select(v => v / above[0])];

        Assert.All(Dequantize.Nf4Values.Zip(expected), v => Assert.Equal(v.Second, v.First, 2e-7));
    }

    [Fact]
    public void Values_come_back_as_they_were_and_two_lie_in_a_byte()
    {
        using var scope = NewDisposeScope();
        var values = tensor(Dequantize.Nf4Values).repeat(4).view(2, 32) * 3.5f;

        using var rows = Nf4Rows.Of(values, isDouble: false);

        TensorAssert.Close(values, Written(rows, values), 0, "values");
        Assert.Equal(32 + 4, rows.Bytes);
    }

    [Fact]
    public void A_number_goes_to_the_nearest_value_and_down_from_between_two()
    {
        using var scope = NewDisposeScope();
        float between = (Dequantize.Nf4Values[7] + Dequantize.Nf4Values[8]) / 2, above = MathF.BitIncrement(between);
        var numbers = zeros(1, 64);
        foreach (var (i, number) in new[] { 1, between, above, -0.99f, -0.84f, 0.3f }.Index()) numbers[0, i] = number;

        using var rows = Nf4Rows.Of(numbers, isDouble: false);

        float[] expected = [1, 0, 0.07958029955625534f, -1, -0.6961928009986877f, 0.33791524171829224f];
        TensorAssert.Close(tensor(expected), Written(rows, numbers)[0].narrow(0, 0, 6), 0, "numbers");
    }

    [Fact]
    public void Each_64_numbers_have_a_scale_of_their_own_wherever_rows_end()
    {
        using var scope = NewDisposeScope();
        var numbers = ones(3, 50);                              // 64 + 64 + 22 numbers
        numbers.view(-1).narrow(0, 64, 64).mul_(1000);
        numbers.view(-1).narrow(0, 128, 22).zero_();

        using var rows = Nf4Rows.Of(numbers, isDouble: false);

        TensorAssert.Close(numbers, Written(rows, numbers), 0, "numbers");
        Assert.Equal(96 + 3 * 4, rows.Bytes);
    }

    /// <summary>The scales lie around their mean, and no farther from where they were than half a step of their 256.</summary>
    [Fact]
    public void Double_quantisation_moves_a_scale_by_half_a_step_at_most()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var absmax = rand(600, 1, generator: generator) + 0.5;
        var numbers = absmax * ones(1, 64);                     // every number is its block's scale

        using var rows = Nf4Rows.Of(numbers, isDouble: true);

        var errors = (Written(rows, numbers).select(1, 0) - absmax.squeeze(1)).abs();
        var distances = (absmax.squeeze(1) - absmax.mean()).abs();
        foreach (var (start, count) in new[] { (0, 256), (256, 256), (512, 88) })
        {
            var allowed = distances.narrow(0, start, count).max().item<float>() / 254;
            Assert.InRange(errors.narrow(0, start, count).max().item<float>(), 0.8 * allowed, 1.001 * allowed);
        }
        Assert.Equal(600 * 32 + 600 + 3 * 4 + 4, rows.Bytes);
    }

    [Fact]
    public void Four_bits_of_normal_numbers_are_off_by_a_tenth_of_their_spread()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var numbers = randn(256, 256, generator: generator);

        using var rows = Nf4Rows.Of(numbers, isDouble: true);

        var error = (Written(rows, numbers) - numbers).square().mean().sqrt().item<float>();
        Assert.InRange(error, 0.08, 0.1);
        Assert.InRange(rows.Bytes * 8.0 / numbers.numel(), 4.12, 4.13);
    }

    /// <summary>p → x with P(X &lt; x) = p: Newton's method on the integral of the density.</summary>
    static double Quantile(double p)
    {
        var x = 0.0;
        for (var i = 0; i < 50; i++) x -= (Cumulative(x) - p) / Density(x);
        return x;

        static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);

        static double Cumulative(double x)
        {
            const int steps = 2000;
            var sum = Density(0) + Density(x);
            for (var i = 1; i < steps; i++) sum += Density(x * i / steps) * (i % 2 == 0 ? 2 : 4);
            return 0.5 + sum * x / steps / 3;
        }
    }

    static Tensor Written(PackedRows rows, Tensor like)
    {
        var target = full_like(like, float.NaN);
        rows.WriteTo(target);
        return target;
    }
}
