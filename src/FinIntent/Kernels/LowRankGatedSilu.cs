using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>This is base + low · factor, not added up: the next reader of base adds the rest and saves two passes over it.</summary>
/// <param name="Base">The base, [T, N].</param>
/// <param name="Low">[T, R], which another owns; null when there is nothing to add.</param>
/// <param name="Factor">[R, N], which another owns.</param>
/// <param name="Split">The first so many of the R concern only the first half of N, the others only the second; 0: both.</param>
/// <param name="Rows">Says that rows use factors of their own, as in <see cref="LowRankRows"/>; null: all use the same.</param>
readonly record struct LowRankSum(
    Tensor Base, Tensor? Low = null, Tensor? Factor = null, int Split = 0, FactorRows? Rows = null)
{
    /// <summary>Adds the sum up, [T, N], in the memory of the base.</summary>
    public Tensor Complete() => Low is null ? Base : Rows is null ? Base.addmm_(Low, Factor!, 1, 1) : LowRankRows.Add(this);
}

/// <summary>Computes <see cref="GatedSilu"/> of sums not added up yet: LoRA's share is added while they are read.</summary>
/// <remarks>Elsewhere than on a GPU in 16 bits, and for ranks above 8, the sums are added up first.</remarks>
static class LowRankGatedSilu
{
    const string File = "low_rank_gated_silu.cu";

    // These are as in the CUDA source: columns a warp, rows a block, and the largest rank of a half.
    const int WarpColumns = 64, RowsPerBlock = 64, Warps = 4, LargestRank = 8;

    static readonly Kernel ForwardKernel = new(File, "low_rank_gated_silu"), BackwardKernel = new(File, "low_rank_gated_silu_backward");

    /// <summary>Takes gate and up side by side [T, 2I], returns [T, I]; gateUp becomes the whole sum if it was added up.</summary>
    public static Tensor Forward(ref LowRankSum gateUp)
    {
        if (gateUp.Rows is not null && LowRankRows.GatedSilu(gateUp) is { } product) return product;
        if (Fits(gateUp, 2) && KernelDevice.Of(gateUp.Base, ForwardKernel) is { } device) return On(device, gateUp);
        gateUp = new(gateUp.Complete());
        return GatedSilu.Forward(gateUp.Base);
    }

    /// <summary>Returns the gradient of gate and up [T, 2I] for the product's gradient [T, I], and the product itself.</summary>
    public static (Tensor Gradient, Tensor Product) Backward(LowRankSum dy, LowRankSum gateUp)
    {
        if (Fits(gateUp, 2) && Fits(dy, 1) && dy.Base.dtype == gateUp.Base.dtype
            && KernelDevice.Of(gateUp.Base, BackwardKernel) is { } device)
            return BackwardOn(device, dy, gateUp);
        return GatedSilu.Backward(dy.Complete(), gateUp.Complete());
    }

    internal static Tensor On(KernelDevice device, LowRankSum gateUp)
    {
        var x = gateUp.Base;
        var (rows, columns) = (x.size(0), x.size(1) / 2);
        var product = empty([rows, columns], dtype: x.dtype, device: x.device);
        var halves = Halves(gateUp);
        device.Launch(ForwardKernel, x.dtype, Shape(rows, columns), x, gateUp.Low, gateUp.Factor, product,
            (int)rows, (int)columns, (int)gateUp.Low!.size(1), halves.Gate, halves.UpStart, halves.Up);
        return product;
    }

    internal static (Tensor Gradient, Tensor Product) BackwardOn(KernelDevice device, LowRankSum dy, LowRankSum gateUp)
    {
        var x = gateUp.Base;
        var (rows, columns) = (x.size(0), x.size(1) / 2);
        Tensor gradient = empty_like(x), product = empty_like(dy.Base);
        var halves = Halves(gateUp);
        device.Launch(BackwardKernel, x.dtype, Shape(rows, columns), dy.Base, dy.Low, dy.Factor, x, gateUp.Low, gateUp.Factor,
            gradient, product, (int)rows, (int)columns, (int)dy.Low!.size(1), (int)gateUp.Low!.size(1),
            halves.Gate, halves.UpStart, halves.Up);
        return (gradient, product);
    }

    static LaunchShape Shape(long rows, long columns) =>
        new((rows + RowsPerBlock - 1) / RowsPerBlock, (int)((columns / WarpColumns + Warps - 1) / Warps), 32 * Warps);

    static (int Gate, int UpStart, int Up) Halves(LowRankSum sum)
    {
        var ranks = (int)sum.Low!.size(1);
        return sum.Split == 0 ? (ranks, 0, ranks) : (sum.Split, sum.Split, ranks - sum.Split);
    }

    static bool Fits(LowRankSum sum, int halves)
    {
        if (sum.Low is null || sum.Rows is not null || sum.Base.dtype is not (ScalarType.BFloat16 or ScalarType.Float16)) return false;
        var (gate, _, up) = Halves(sum);
        return gate <= LargestRank && up <= LargestRank && sum.Base.size(1) % (halves * WarpColumns) == 0 && sum.Base.is_contiguous()
            && sum.Low.is_contiguous() && sum.Factor!.is_contiguous() && sum.Low.dtype == sum.Base.dtype
            && sum.Factor.dtype == sum.Base.dtype && KernelDevice.AreAligned(sum.Base);
    }
}
