using FinIntent.Models.Layers;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Packed;

/// <summary>Some rows of a weight in few bits.</summary>
abstract class PackedRows : IDisposable
{
    /// <summary>How many.</summary>
    public abstract long Count { get; }

    public abstract long Bytes { get; }

    /// <summary>Fills target [Count, in] with the numbers the bits stand for.</summary>
    public abstract void WriteTo(Tensor target);

    public abstract void Dispose();

    /// <summary>
    /// Numbers packed in one go: on a GPU few launches, on a CPU little memory, since what is freed between weights that stay leaves holes in
    /// the heap.
    /// </summary>
    protected static long NumbersAtOnce(Tensor rows) => rows.device_type == DeviceType.CUDA ? 1 << 22 : 1 << 18;
}

/// <summary>
/// A weight that is multiplied as the numbers its bits stand for, in the type of what it is multiplied with: a stretch of rows is written
/// out, used and forgotten before the next, so that the weight is never there as a whole. The memory comes from torch's allocator, which
/// hands the same piece to every stretch.
/// </summary>
sealed class DequantizedWeight : PackedWeight
{
    // 72 MiB in 16 bits. A product with fewer rows does not fill a GPU, and more would be memory held for nothing; so many halve down_proj of
    // a model of 7B and cut gate_proj and up_proj into four.
    const long MostNumbers = 36 << 20;

    readonly IReadOnlyList<PackedRows> _parts;

    DequantizedWeight(IReadOnlyList<PackedRows> parts, long inputs) => (_parts, Inputs) = (parts, inputs);

    public long Inputs { get; }

    public override long Bytes => _parts.Sum(part => part.Bytes);

    /// <param name="weight">[out, in] in any floating type; not kept.</param>
    /// <param name="pack">Rows of it → the same rows in few bits.</param>
    /// <param name="mostNumbers">In a stretch of rows.</param>
    public static DequantizedWeight Of(Tensor weight, Func<Tensor, PackedRows> pack, long mostNumbers = MostNumbers)
    {
        using var scope = NewDisposeScope();
        long outputs = weight.shape[0], inputs = weight.shape[1];
        // Stretches of nearly one length, in whole tiles of a product.
        const long tile = 128;
        var count = (outputs * inputs + mostNumbers - 1) / mostNumbers;
        var rows = Math.Max(1, (outputs + count - 1) / count);
        if (rows > tile) rows = (rows + tile - 1) / tile * tile;
        var parts = new List<PackedRows>();
        for (var start = 0L; start < outputs; start += rows) parts.Add(pack(weight.narrow(0, start, Math.Min(rows, outputs - start))));
        return new(parts, inputs);
    }

    public override Tensor Product(Tensor x, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        if (_parts.Count == 1) return functional.linear(x, Written(_parts[0], x), bias).MoveToOuterDisposeScope();
        var y = empty([x.shape[0], _parts.Sum(part => part.Count)], dtype: x.dtype, device: x.device);
        var start = 0L;
        foreach (var part in _parts)
        {
            using var inner = NewDisposeScope();
            var columns = y.narrow(1, start, part.Count);
            if (bias is not null) columns.copy_(bias.narrow(0, start, part.Count));
            columns.addmm_(x, Written(part, x).t(), bias is null ? 0 : 1, 1);
            start += part.Count;
        }
        return y.MoveToOuterDisposeScope();
    }

    /// <summary>Summed over the stretches in the type of dy.</summary>
    public override Tensor InputGradient(Tensor dy)
    {
        using var scope = NewDisposeScope();
        Tensor? dx = null;
        var start = 0L;
        foreach (var part in _parts)
        {
            using var inner = NewDisposeScope();
            var columns = dy.narrow(1, start, part.Count);
            if (dx is null) dx = columns.matmul(Written(part, dy)).MoveToOuterDisposeScope();
            else dx.addmm_(columns, Written(part, dy), 1, 1);
            start += part.Count;
        }
        return dx!.MoveToOuterDisposeScope();
    }

    Tensor Written(PackedRows part, Tensor like)
    {
        var target = empty([part.Count, Inputs], dtype: like.dtype, device: like.device);
        part.WriteTo(target);
        return target;
    }

    public override void Dispose()
    {
        foreach (var part in _parts) part.Dispose();
    }
}
