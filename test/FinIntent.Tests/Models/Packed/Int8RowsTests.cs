using FinIntent.Models.Packed;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Models.Packed;

public sealed class Int8RowsTests
{
    [Fact]
    public void Numbers_are_rounded_to_the_rows_127_steps_and_halves_to_even()
    {
        using var scope = NewDisposeScope();
        var numbers = tensor(new float[,]
        {
            { 127, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.4f, 126.6f, 100, 90 },
            { -254, 1, 3, 5, -1, -3, -5, 252.9f, 200, 180 },     // steps of 2
        });

        using var rows = Int8Rows.Of(numbers);

        var expected = tensor(new float[,]
        {
            { 127, 0, 2, 2, 0, -2, -2, 127, 100, 90 },
            { -254, 0, 4, 4, 0, -4, -4, 252, 200, 180 },
        });
        TensorAssert.Close(expected, Written(rows, numbers), 0, "numbers");
        Assert.Equal(2 * 10 + 2 * 4, rows.Bytes);
    }

    [Fact]
    public void A_row_of_zeros_stays_one()
    {
        using var scope = NewDisposeScope();
        var numbers = zeros(2, 8);

        using var rows = Int8Rows.Of(numbers);

        TensorAssert.Close(numbers, Written(rows, numbers), 0, "numbers");
    }

    [Fact]
    public void What_is_far_out_in_its_row_stays_exact_and_does_not_stretch_the_scale_of_the_rest()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(1, CPU);
        var numbers = randn(64, 256, generator: generator);
        numbers[3, 5] = 77.7f;
        numbers.select(1, 200).mul_(1000);
        var isFarOut = numbers.abs().gt(8 * numbers.abs().mean([1], true));

        using var rows = Int8Rows.Of(numbers);

        var errors = (Written(rows, numbers) - numbers).abs();
        Assert.InRange(isFarOut.sum().item<long>(), 50, 65);
        Assert.Equal(0, errors.masked_select(isFarOut).max().item<float>());
        // The rest reaches some four standard deviations: half a step is a sixtieth of one.
        Assert.InRange(errors.max().item<float>(), 0.01, 0.2);
        Assert.Equal(64 * 256 + 64 * 4 + isFarOut.sum().item<long>() * (8 + 4), rows.Bytes);
    }

    static Tensor Written(PackedRows rows, Tensor like)
    {
        var target = full_like(like, float.NaN);
        rows.WriteTo(target);
        return target;
    }
}
