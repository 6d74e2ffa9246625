using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Says which rows of a sum use which of many factors.</summary>
/// <param name="Segments">The rows from (inclusive) to (exclusive) that use the factors of a seat; other rows use none.</param>
/// <param name="Tiles">The same in pieces of at most <see cref="TileRows"/> rows on the device, [n, 3] int32: from, to, seat. The pieces
/// of rows that use none come last, with seat −1.</param>
/// <param name="Adapted">How many tiles use factors.</param>
/// <param name="All">How many tiles there are.</param>
/// <param name="Outputs">The outputs of each member of the group, side by side in the base.</param>
sealed record FactorRows(
    IReadOnlyList<(int From, int To, int Seat)> Segments, Tensor Tiles, int Adapted, int All, IReadOnlyList<int> Outputs)
{
    public const int TileRows = 64;

    /// <summary>Cuts the segments of a batch of so many rows into tiles.</summary>
    public static (List<int> Numbers, int Adapted, int All) TilesOf(IReadOnlyList<(int From, int To, int Seat)> segments, int rows)
    {
        List<int> numbers = [];
        foreach (var (from, to, seat) in segments) Cut(from, to, seat);
        var adapted = numbers.Count / 3;
        var place = 0;
        foreach (var (from, to, _) in segments.Append((rows, rows, -1)))
        {
            Cut(place, from, -1);
            place = to;
        }
        return (numbers, adapted, numbers.Count / 3);

        void Cut(int from, int to, int seat)
        {
            for (var at = from; at < to; at += TileRows) numbers.AddRange([at, Math.Min(to, at + TileRows), seat]);
        }
    }
}

/// <summary>Adds to each row its low product times the factors of the row's seat.</summary>
/// <remarks>
/// base [T, Σout], low [T', P · R] with the products of each of P members, factors [S, R, Σout]. Elsewhere than on a GPU in 16 bits every
/// segment and member is a product of its own.
/// </remarks>
static class LowRankRows
{
    const string File = "low_rank_gated_silu.cu";

    // These are as in the CUDA source: columns a warp, warps a block, ranks a launch, members, and the largest rank that SiLU adds.
    const int WarpColumns = 64, Warps = 4, RanksPerLaunch = 32, MostMembers = 3, SiluRank = 8;

    static readonly Kernel AddKernel = new(File, "add_low_rank_rows"), SiluKernel = new(File, "low_rank_gated_silu_rows");

    /// <summary>Adds up the sum in the memory of the base.</summary>
    public static Tensor Add(LowRankSum sum)
    {
        if (Fits(sum) && KernelDevice.Of(sum.Base, AddKernel) is { } device) AddOn(device, sum);
        else PlainAdd(sum);
        return sum.Base;
    }

    /// <summary>Returns silu(gate) · up [T, I] of a sum of both side by side; null when it must be added up before.</summary>
    public static Tensor? GatedSilu(LowRankSum sum) => Fits(sum) && sum.Factor!.size(1) == SiluRank && sum.Rows!.Outputs.Count == 2
        && sum.Rows.Outputs[0] == sum.Rows.Outputs[1] && KernelDevice.Of(sum.Base, SiluKernel) is { } device ? SiluOn(device, sum) : null;

    public static void PlainAdd(LowRankSum sum)
    {
        var ranks = sum.Factor!.shape[1];
        foreach (var (from, to, seat) in sum.Rows!.Segments)
        {
            using var scope = NewDisposeScope();
            Tensor low = sum.Low!.narrow(0, from, to - from), target = sum.Base.narrow(0, from, to - from), factors = sum.Factor[seat];
            var output = 0L;
            foreach (var (member, outputs) in sum.Rows.Outputs.Index())
            {
                target.narrow(1, output, outputs).addmm_(low.narrow(1, member * ranks, ranks), factors.narrow(1, output, outputs), 1, 1);
                output += outputs;
            }
        }
    }

    internal static void AddOn(KernelDevice device, LowRankSum sum)
    {
        var rows = sum.Rows!;
        int columns = (int)sum.Base.size(1), ranks = (int)sum.Factor!.size(1);
        var starts = new int[MostMembers];
        Array.Fill(starts, columns);
        for (int member = 0, output = 0; member < rows.Outputs.Count; output += rows.Outputs[member++]) starts[member] = output;
        for (var rank = 0; rank < ranks; rank += RanksPerLaunch)
            device.Launch(AddKernel, sum.Base.dtype, Shape(rows.Adapted, columns), sum.Base, sum.Low, sum.Factor, rows.Tiles,
                sum.Factor.stride(0), columns, (int)sum.Low!.size(1), ranks, rank, starts[1], starts[2]);
    }

    internal static Tensor SiluOn(KernelDevice device, LowRankSum sum)
    {
        var (rows, columns) = (sum.Base.size(0), sum.Base.size(1) / 2);
        var product = empty([rows, columns], dtype: sum.Base.dtype, device: sum.Base.device);
        device.Launch(SiluKernel, sum.Base.dtype, Shape(sum.Rows!.All, columns), sum.Base, sum.Low, sum.Factor, product, sum.Rows.Tiles,
            sum.Factor!.stride(0), (int)columns, (int)sum.Low!.size(1), (int)sum.Factor.size(1));
        return product;
    }

    static LaunchShape Shape(long tiles, long columns) =>
        new(tiles, (int)((columns / WarpColumns + Warps - 1) / Warps), 32 * Warps);

    static bool Fits(LowRankSum sum)
    {
        if (sum.Base.dtype is not (ScalarType.BFloat16 or ScalarType.Float16) || sum.Rows!.Outputs.Count > MostMembers) return false;
        foreach (var outputs in sum.Rows.Outputs)
            if (outputs % WarpColumns != 0) return false;
        return sum.Base.is_contiguous() && sum.Low!.is_contiguous() && KernelDevice.AreAligned(sum.Base)
            && sum.Low.dtype == sum.Base.dtype && sum.Factor!.dtype == sum.Base.dtype;
    }
}
