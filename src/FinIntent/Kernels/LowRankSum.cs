using static TorchSharp.torch;

namespace FinIntent.Kernels;

/// <summary>
/// base + low · factor, not added up yet: whoever reads the base next adds the rest in passing, which saves two passes over a wide matrix.
/// </summary>
/// <param name="Base">[T, N].</param>
/// <param name="Low">[T, R], owned by another; null: there is nothing to add.</param>
/// <param name="Factor">[R, N], owned by another.</param>
/// <param name="Split">The first so many of the R concern only the first half of N, the others only the second; 0: all concern both.</param>
readonly record struct LowRankSum(Tensor Base, Tensor? Low = null, Tensor? Factor = null, int Split = 0)
{
    /// <summary>The sum [T, N], in the memory of the base.</summary>
    public Tensor Complete() => Low is null ? Base : Base.addmm_(Low, Factor!, 1, 1);
}
