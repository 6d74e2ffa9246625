using FinIntent.Runtime;
using static TorchSharp.torch;

namespace FinIntent.Kernels;

/// <summary>
/// <see cref="GatedSilu"/> of sums that are not added up yet: LoRA's share of gate, up and the gradient of the product is added while they are
/// read. Elsewhere than on a GPU, and for ranks above 8, they are added up first.
/// </summary>
static class LowRankGatedSilu
{
    const string File = "low_rank_gated_silu.cu";

    // As in the CUDA source: columns a thread, rows a block, and the largest rank of a half.
    const int ForwardColumns = 4, BackwardColumns = 2, RowsPerBlock = 32, Threads = 128, LargestRank = 8;

    static readonly Kernel ForwardKernel = new(File, "low_rank_gated_silu"), BackwardKernel = new(File, "low_rank_gated_silu_backward");

    /// <summary>gate and up side by side [T, 2I] → [T, I]. When the sum was added up on the way, <paramref name="gateUp"/> is the whole of it.</summary>
    public static Tensor Forward(ref LowRankSum gateUp)
    {
        if (gateUp.Low is not null && KernelDevice.Of(gateUp.Base, ForwardKernel) is { } device && Fits(gateUp, ForwardColumns)) return On(device, gateUp);
        gateUp = new(gateUp.Complete());
        return GatedSilu.Forward(gateUp.Base);
    }

    /// <summary>The gradient of gate and up [T, 2I] for that of the product [T, I], and the product itself.</summary>
    public static (Tensor Gradient, Tensor Product) Backward(LowRankSum dy, LowRankSum gateUp)
    {
        if (dy.Low is not null && gateUp.Low is not null && dy.Base.dtype == gateUp.Base.dtype && KernelDevice.Of(gateUp.Base, BackwardKernel) is { } device
            && Fits(gateUp, BackwardColumns) && Fits(dy, BackwardColumns))
            return BackwardOn(device, dy, gateUp);
        return GatedSilu.Backward(dy.Complete(), gateUp.Complete());
    }

    internal static Tensor On(KernelDevice device, LowRankSum gateUp)
    {
        var x = gateUp.Base;
        var (rows, columns) = (x.size(0), x.size(1) / 2);
        var product = empty([rows, columns], dtype: x.dtype, device: x.device);
        var halves = Halves(gateUp);
        device.Launch(ForwardKernel, x.dtype, Shape(rows, columns, ForwardColumns), x, gateUp.Low, gateUp.Factor, product,
            (int)rows, (int)columns, (int)gateUp.Low!.size(1), halves.Gate, halves.UpStart, halves.Up);
        return product;
    }

    internal static (Tensor Gradient, Tensor Product) BackwardOn(KernelDevice device, LowRankSum dy, LowRankSum gateUp)
    {
        var x = gateUp.Base;
        var (rows, columns) = (x.size(0), x.size(1) / 2);
        Tensor gradient = empty_like(x), product = empty_like(dy.Base);
        var halves = Halves(gateUp);
        device.Launch(BackwardKernel, x.dtype, Shape(rows, columns, BackwardColumns), dy.Base, dy.Low, dy.Factor, x, gateUp.Low, gateUp.Factor, gradient, product,
            (int)rows, (int)columns, (int)dy.Low!.size(1), (int)gateUp.Low!.size(1), halves.Gate, halves.UpStart, halves.Up);
        return (gradient, product);
    }

    static LaunchShape Shape(long rows, long columns, int columnsPerThread) =>
        new((rows + RowsPerBlock - 1) / RowsPerBlock, (int)((columns + Threads * columnsPerThread - 1) / (Threads * columnsPerThread)), Threads);

    static (int Gate, int UpStart, int Up) Halves(LowRankSum sum)
    {
        var ranks = (int)sum.Low!.size(1);
        return sum.Split == 0 ? (ranks, 0, ranks) : (sum.Split, sum.Split, ranks - sum.Split);
    }

    static bool Fits(LowRankSum sum, int columns)
    {
        var (gate, _, up) = Halves(sum);
        return gate <= LargestRank && up <= LargestRank && sum.Base.size(1) % (2 * columns) == 0 && sum.Base.is_contiguous()
            && sum.Low!.is_contiguous() && sum.Factor!.is_contiguous() && sum.Low.dtype == sum.Base.dtype && sum.Factor.dtype == sum.Base.dtype
            && KernelDevice.AreAligned(sum.Base, sum.Factor);
    }
}
