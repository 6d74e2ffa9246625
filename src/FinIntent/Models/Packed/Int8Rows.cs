using FinIntent.Kernels;

namespace FinIntent.Models.Packed;

/// <summary>Keeps rows as whole numbers from -127 to 127, times a scale for each row; a number far out stays as it was.</summary>
/// <remarks>So it does not stretch the others' scale: a few columns of large weights behind small norm weights would cost a hundred times
/// the divergence (docs/log.md). Activations, for which LLM.int8() (https://arxiv.org/abs/2208.07339) keeps outliers, stay plain.</remarks>
sealed class Int8Rows : PackedRows
{
    const double Largest = 127;

    // This is times the row's mean magnitude: 6.4 standard deviations of a normal distribution, which has none so far out in a 7B model.
    const double FarOut = 8;

    readonly Tensor _values, _scales;
    readonly (Tensor Places, Tensor Values)? _exact;

    Int8Rows(Tensor values, Tensor scales, (Tensor, Tensor)? exact) => (_values, _scales, _exact) = (values, scales, exact);

    public override long Count => _values.shape[0];

    protected override IEnumerable<Tensor> Tensors =>
        _exact is var (places, values) ? [_values, _scales, places, values] : [_values, _scales];

    /// <summary>Rounds each number of rows [N, in] to the nearest multiple of its row's largest / 127, half to even.</summary>
    /// <param name="farOut">A number of more than this times its row's mean magnitude stays exact.</param>
    public static Int8Rows Of(Tensor rows, double farOut = FarOut)
    {
        using var scope = NewDisposeScope();
        // What stays is made before what goes, so that no holes are left in the heap.
        Tensor values = empty(rows.shape, ScalarType.Int8, rows.device), scales = empty([rows.shape[0]], ScalarType.Float32, rows.device);
        var exact = new List<(Tensor Places, Tensor Values)>();
        var step = Math.Max(1, NumbersAtOnce(rows) / rows.shape[1]);
        for (var start = 0L; start < rows.shape[0]; start += step)
        {
            var count = Math.Min(step, rows.shape[0] - start);
            var (target, scale) = (values.narrow(0, start, count), scales.narrow(0, start, count));
            var (places, kept) = Quantize(rows.narrow(0, start, count), target, scale, farOut);
            if (places.numel() > 0) exact.Add((places.add_(start * rows.shape[1]), kept));
        }
        values.DetachFromDisposeScope();
        scales.DetachFromDisposeScope();
        if (exact.Count == 0) return new(values, scales, null);
        Tensor allPlaces = cat([.. exact.Select(e => e.Places)]), allValues = cat([.. exact.Select(e => e.Values)]);
        return new(values, scales, (allPlaces.DetachFromDisposeScope(), allValues.DetachFromDisposeScope()));
    }

    /// <summary>Fills values [N, in] and scales [N]; returns places, counted through all rows, and the numbers that stay exact.</summary>
    static (Tensor Places, Tensor Values) Quantize(Tensor rows, Tensor values, Tensor scales, double farOut)
    {
        using var scope = NewDisposeScope();
        var wide = rows.to(ScalarType.Float32);
        var magnitudes = wide.abs();
        var isFarOut = magnitudes.gt(magnitudes.mean([1], keepdim: true).mul_(farOut));
        var largest = magnitudes.masked_fill_(isFarOut, 0).amax([1]);
        scales.copy_(largest.div_(Largest).masked_fill_(largest.eq(0), 1));
        values.copy_((wide / scales.unsqueeze(1)).round_().clamp_(-Largest, Largest));
        var places = isFarOut.view(-1).nonzero().view(-1);
        return (places.MoveToOuterDisposeScope(), rows.reshape(-1).index_select(0, places).MoveToOuterDisposeScope());
    }

    public override void WriteTo(Tensor target)
    {
        Dequantize.Int8(_values, _scales, target);
        if (_exact is not var (places, values)) return;
        using var scope = NewDisposeScope();
        target.view(-1).index_copy_(0, places, values.to(target.dtype));
    }
}
