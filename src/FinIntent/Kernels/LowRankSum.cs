using static TorchSharp.torch;

namespace FinIntent.Kernels;

/// <summary>This is base + low · factor, not added up: the next reader of base adds the rest and saves two passes over it.</summary>
/// <param name="Base">The base, [T, N].</param>
/// <param name="Low">[T, R], which another owns; null when there is nothing to add.</param>
/// <param name="Factor">[R, N], which another owns.</param>
/// <param name="Split">The first so many of the R concern only the first half of N, the others only the second; 0: all concern
/// both.</param>
readonly record struct LowRankSum(Tensor Base, Tensor? Low = null, Tensor? Factor = null, int Split = 0)
{
    /// <summary>Adds the sum up, [T, N], in the memory of the base.</summary>
    public Tensor Complete() => Low is null ? Base : Base.addmm_(Low, Factor!, 1, 1);
}
