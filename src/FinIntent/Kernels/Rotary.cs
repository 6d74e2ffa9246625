using FinIntent.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Kernels;

/// <summary>Which two dimensions of the D that are turned turn together.</summary>
public enum RotaryPairs
{
    /// <summary>i with i + D / 2 (transformers).</summary>
    Halves,

    /// <summary>2i with 2i + 1 (the paper, ChatGLM).</summary>
    Neighbours,
}

/// <summary>RoPE on heads, https://arxiv.org/abs/2104.09864, computed in the type of cos and sin.</summary>
static unsafe class Rotary
{
    /// <summary>
    /// Turns the first D dimensions of the first <paramref name="heads"/> heads of each token in place: joint [T, n, ≥ D] contiguous, cos and
    /// sin [T, 1, D / 2]; <paramref name="isBack"/> turns the other way, which is the gradient.
    /// </summary>
    public static void Turn(Tensor joint, int heads, Tensor cos, Tensor sin, RotaryPairs pairs, bool isBack = false)
    {
        using var scope = NewDisposeScope();
        var turned = joint.narrow(1, 0, heads).narrow(2, 0, 2 * cos.shape[^1]);
        if (pairs == RotaryPairs.Halves && turned.shape[2] == joint.shape[2] && joint.dtype == cos.dtype && CpuKernels.Take(joint) && CpuKernels.Take(cos))
            OnCpu(joint, heads, cos, sin, isBack ? -1 : 1);
        else
            turned.copy_(Plain(turned, cos, isBack ? sin.neg() : sin, pairs));
    }

    /// <summary>The definition in plain operators, which torch can differentiate: x [T, H, D] turned, in its own type.</summary>
    public static Tensor Plain(Tensor x, Tensor cos, Tensor sin, RotaryPairs pairs)
    {
        using var scope = NewDisposeScope();
        var isHalves = pairs == RotaryPairs.Halves;
        var wide = x.to(cos.dtype);
        var parts = isHalves ? wide.chunk(2, -1) : wide.unflatten(2, -1, 2).unbind(-1);   // [T, H, D / 2] each
        var (a, b) = (parts[0], parts[1]);
        Tensor c = a * cos - b * sin, d = b * cos + a * sin;
        return (isHalves ? cat([c, d], -1) : stack([c, d], -1).flatten(2)).to(x.dtype).MoveToOuterDisposeScope();
    }

    static void OnCpu(Tensor joint, int heads, Tensor cos, Tensor sin, float direction)
    {
        byte* x = TensorMemory.PointerOf(joint), c = TensorMemory.PointerOf(cos), s = TensorMemory.PointerOf(sin);
        var (rows, all, n) = (joint.shape[0], (int)joint.shape[1], (int)joint.shape[2]);
        if (joint.dtype == ScalarType.BFloat16) CpuKernels.Rotate<BFloat16Lanes>(x, c, s, rows, heads, all, n, direction);
        else CpuKernels.Rotate<Float32Lanes>(x, c, s, rows, heads, all, n, direction);
    }
}
