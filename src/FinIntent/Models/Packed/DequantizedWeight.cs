using FinIntent.Models.Layers;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Packed;

/// <summary>Holds some rows of a weight in few bits.</summary>
abstract class PackedRows : IDisposable
{
    /// <summary>The number of rows.</summary>
    public abstract long Count { get; }

    /// <summary>All that is kept of the rows.</summary>
    protected abstract IEnumerable<Tensor> Tensors { get; }

    public long Bytes => Tensors.Sum(t => t.numel() * t.element_size());

    /// <summary>Fills target [Count, in] with the numbers that the bits stand for.</summary>
    public abstract void WriteTo(Tensor target);

    public void Dispose()
    {
        foreach (var tensor in Tensors) tensor.Dispose();
    }

    /// <summary>Returns how many numbers to pack at once: on a GPU many, for few launches; on a CPU few.</summary>
    /// <remarks>On a CPU, memory that is freed between weights that stay would leave holes in the heap.</remarks>
    protected static long NumbersAtOnce(Tensor rows) => rows.device_type == DeviceType.CUDA ? 1 << 22 : 1 << 18;
}

/// <summary>Multiplies with the numbers that a weight's bits stand for, in the other factor's type.</summary>
/// <remarks>It writes out a stretch of rows, uses it and forgets it before the next, so that the weight is never there as a whole; torch's
/// allocator hands the same memory to every stretch.</remarks>
sealed class DequantizedWeight : PackedWeight
{
    // This is 72 MiB in 16 bits. A product with fewer rows does not fill a GPU, and more would hold memory for nothing; this size halves
    // down_proj of a model of 7B and cuts gate_proj and up_proj into four.
    const long MostNumbers = 36 << 20;

    readonly IReadOnlyList<PackedRows> _parts;

    DequantizedWeight(IReadOnlyList<PackedRows> parts, long inputs) => (_parts, Inputs) = (parts, inputs);

    public long Inputs { get; }
    public override long Bytes => _parts.Sum(part => part.Bytes);

    /// <param name="weight">The weight [out, in] in any floating type, which is not kept.</param>
    /// <param name="pack">Turns rows of it into the same rows in few bits.</param>
    /// <param name="mostNumbers">The most numbers in a stretch of rows.</param>
    public static DequantizedWeight Of(Tensor weight, Func<Tensor, PackedRows> pack, long mostNumbers = MostNumbers)
    {
        using var scope = NewDisposeScope();
        long outputs = weight.shape[0], inputs = weight.shape[1];
        // Stretches have nearly one length, in whole tiles of a product.
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

    /// <summary>Sums over the stretches in the type of dy.</summary>
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
