using FinIntent.Kernels;

namespace FinIntent.Models.Packed;

/// <summary>Keeps rows in 4-bit NormalFloat: 64 numbers in a row's order share the largest of them as their scale.</summary>
/// <remarks>With double quantisation 256 scales are kept as their mean plus an 8-bit multiple of the farthest one's distance from it
/// (QLoRA, https://arxiv.org/abs/2305.14314), evenly spaced, unlike bitsandbytes' code: a third less error (docs/log.md).</remarks>
sealed class Nf4Rows : PackedRows
{
    readonly Tensor _packed, _absmax;
    readonly (Tensor Scales, Tensor Mean)? _double;

    Nf4Rows(long count, Tensor packed, Tensor absmax, (Tensor, Tensor)? doubled) =>
        (Count, _packed, _absmax, _double) = (count, packed, absmax, doubled);

    public override long Count { get; }
    protected override IEnumerable<Tensor> Tensors => _double is var (scales, mean) ? [_packed, _absmax, scales, mean] : [_packed, _absmax];

    public static Nf4Rows Of(Tensor rows, bool isDouble)
    {
        using var scope = NewDisposeScope();
        // What stays is made before what goes, so that no holes are left in the heap.
        var count = (rows.numel() + Dequantize.Block - 1) / Dequantize.Block;
        var packed = empty([count * Dequantize.Block / 2], ScalarType.Byte, rows.device);
        var absmax = empty([count], ScalarType.Float32, rows.device);
        var numbers = rows.reshape(-1);
        var step = NumbersAtOnce(rows) / Dequantize.Block;
        for (var start = 0L; start < count; start += step)
        {
            var blocks = Math.Min(step, count - start);
            var first = start * Dequantize.Block;
            Quantize(numbers.narrow(0, first, Math.Min(blocks * Dequantize.Block, numbers.numel() - first)),
                packed.narrow(0, first / 2, blocks * Dequantize.Block / 2), absmax.narrow(0, start, blocks));
        }
        packed.DetachFromDisposeScope();
        if (!isDouble) return new(rows.shape[0], packed, absmax.DetachFromDisposeScope(), null);

        var (absmax8, scales, mean) = QuantizeScales(absmax);
        var doubled = (scales.DetachFromDisposeScope(), mean.DetachFromDisposeScope());
        return new(rows.shape[0], packed, absmax8.DetachFromDisposeScope(), doubled);
    }

    /// <summary>Fills packed [32 · n] with the nearest values' numbers, two a byte, and absmax [n].</summary>
    static void Quantize(Tensor numbers, Tensor packed, Tensor absmax)
    {
        using var scope = NewDisposeScope();
        var wide = Padded(numbers.to(ScalarType.Float32), Dequantize.Block);                     // [n, 64]
        absmax.copy_(wide.abs().amax([1]));
        var unit = wide / absmax.masked_fill(absmax.eq(0), 1).unsqueeze(1);
        var nearest = bucketize(unit, tensor(Borders, device: numbers.device)).to(ScalarType.Byte).view(-1, 2);
        packed.copy_(nearest.select(1, 0).mul_(16).add_(nearest.select(1, 1)));
    }

    static (Tensor Absmax8, Tensor Scales, Tensor Mean) QuantizeScales(Tensor absmax)
    {
        using var scope = NewDisposeScope();
        var mean = absmax.mean().view(1);
        var distances = Padded(absmax - mean, Dequantize.ScaleBlock);                             // [n / 256, 256]
        var scales = distances.abs().amax([1]) / 127;
        scales = scales.masked_fill_(scales.eq(0), 1);
        var absmax8 = (distances / scales.unsqueeze(1)).round_().to(ScalarType.Int8).view(-1).narrow(0, 0, absmax.numel()).clone();
        return (absmax8.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope(), mean.MoveToOuterDisposeScope());
    }

    /// <summary>The borders lie half way between two neighbouring values; a number on a border goes down.</summary>
    static readonly float[] Borders = [.. Dequantize.Nf4Values.Zip(Dequantize.Nf4Values.Skip(1), (a, b) => (a + b) / 2)];

    static Tensor Padded(Tensor numbers, int block)
    {
        var missing = (block - numbers.numel() % block) % block;
        return (missing == 0 ? numbers : nn.functional.pad(numbers, [0, missing])).view(-1, block);
    }

    public override void WriteTo(Tensor target)
    {
        if (_double is var (scales, mean)) Dequantize.Nf4(_packed, _absmax, scales, mean, target);
        else Dequantize.Nf4(_packed, _absmax, target);
    }
}
