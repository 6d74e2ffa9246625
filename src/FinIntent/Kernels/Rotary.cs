using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Says which two of the D rotated dimensions form a pair.</summary>
enum RotaryPairs
{
    /// <summary>i pairs with i + D / 2 (transformers).</summary>
    Halves,
    /// <summary>2i pairs with 2i + 1 (the paper, ChatGLM).</summary>
    Neighbours,
}

/// <summary>Applies RoPE to heads, computed in the type of cos and sin. https://arxiv.org/abs/2104.09864</summary>
static unsafe class Rotary
{
    const string File = "rotary.cu";

    // This is enough for all heads of a token of a 7B model at once.
    const int MostThreads = 512;

    static readonly Kernel Halves = new(File, "rotary_halves"), Neighbours = new(File, "rotary_neighbours"), Any = new(File, "rotary_any");

    /// <summary>Rotates in place the first D dimensions of each token's first heads; isBack rotates back (the gradient).</summary>
    /// <remarks>joint is [T, n, ≥ D] and contiguous; cos and sin are [T, 1, D / 2].</remarks>
    public static void Turn(Tensor joint, int heads, Tensor cos, Tensor sin, RotaryPairs pairs, bool isBack = false)
    {
        if (KernelDevice.Of(joint, Any) is { } device && Fit(joint, cos, sin))
        {
            TurnOn(device, joint, heads, cos, sin, pairs, isBack);
            return;
        }
        using var scope = NewDisposeScope();
        var turned = joint.narrow(1, 0, heads).narrow(2, 0, 2 * cos.shape[^1]);
        if (pairs == RotaryPairs.Halves && turned.shape[2] == joint.shape[2] && joint.dtype == cos.dtype
            && CpuKernels.Take(joint) && CpuKernels.Take(cos))
            OnCpu(joint, heads, cos, sin, isBack ? -1 : 1);
        else turned.copy_(Plain(turned, cos, isBack ? sin.neg() : sin, pairs));
    }

    /// <summary>Joins attention's gradients into one tensor [T, H + 2·KV, ≥ D] in which those of q and k are rotated back.</summary>
    /// <remarks>dq is [T, H, ≥ D]; dk and dv are [T, KV, ≥ D]; cos and sin are [T, 1, D / 2].</remarks>
    public static Tensor Join(Tensor dq, Tensor dk, Tensor dv, Tensor cos, Tensor sin, RotaryPairs pairs)
    {
        if (KernelDevice.Of(dq, Any) is { } device && AreHeads(dq, dq) && AreHeads(dk, dq) && AreHeads(dv, dq) && AngleFits(dq, cos, sin))
            return JoinOn(device, dq, dk, dv, cos, sin, pairs);
        var joint = cat([dq, dk, dv], 1);
        Turn(joint, (int)(dq.size(1) + dk.size(1)), cos, sin, pairs, isBack: true);
        return joint;
    }

    /// <summary>Defines the function in plain operators, which torch can differentiate: x [T, H, D] rotated, in its own type.</summary>
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

    static bool Fit(Tensor joint, Tensor cos, Tensor sin) => joint.is_contiguous() && AngleFits(joint, cos, sin);

    static bool AngleFits(Tensor x, Tensor cos, Tensor sin) =>
        (cos.dtype == x.dtype || cos.dtype == ScalarType.Float32) && sin.dtype == cos.dtype && cos.is_contiguous() && sin.is_contiguous();

    /// <summary>Allows any strides, but the numbers of a head lie side by side.</summary>
    static bool AreHeads(Tensor x, Tensor like) => x.dtype == like.dtype && x.stride(2) == 1;

    internal static void TurnOn(KernelDevice device, Tensor joint, int heads, Tensor cos, Tensor sin, RotaryPairs pairs, bool isBack) =>
        Launch(device, joint, (joint, heads), (joint, 0), (joint, 0), heads, cos, sin, pairs, isBack);

    internal static Tensor JoinOn(KernelDevice device, Tensor dq, Tensor dk, Tensor dv, Tensor cos, Tensor sin, RotaryPairs pairs)
    {
        var (heads, kvHeads) = ((int)dq.size(1), (int)dk.size(1));
        var joint = empty([dq.size(0), heads + 2 * kvHeads, dq.size(2)], dtype: dq.dtype, device: dq.device);
        Launch(device, joint, (dq, heads), (dk, kvHeads), (dv, kvHeads), heads + kvHeads, cos, sin, pairs, isBack: true);
        return joint;
    }

    static void Launch(KernelDevice device, Tensor target, (Tensor Data, int Heads) q, (Tensor Data, int Heads) k,
        (Tensor Data, int Heads) v, int turnedHeads, Tensor cos, Tensor sin, RotaryPairs pairs, bool isBack)
    {
        int size = (int)target.size(2), turned = 2 * (int)cos.size(-1), lanes = KernelDevice.Lanes(target.dtype);
        var isWhole = KernelDevice.AreAligned(target, q.Data, k.Data, v.Data, cos, sin) && size % lanes == 0
            && (pairs == RotaryPairs.Halves ? turned / 2 : turned) % lanes == 0
            && IsStrided(q.Data) && IsStrided(k.Data) && IsStrided(v.Data);
        var parts = isWhole ? pairs == RotaryPairs.Halves ? Math.Max(turned / 2, size - turned) / lanes : size / lanes : size / 2;
        var threads = Math.Clamp(parts, 1, MostThreads);
        var shape = new LaunchShape(target.size(0), 1, threads, Math.Clamp(q.Heads + k.Heads + v.Heads, 1, MostThreads / threads));
        ReadOnlySpan<KernelArgument> arguments =
        [
            target, q.Data, q.Data.stride(0), q.Data.stride(1), k.Data, k.Data.stride(0), k.Data.stride(1),
            v.Data, v.Data.stride(0), v.Data.stride(1),
            q.Heads, k.Heads, v.Heads, turnedHeads, (int)target.size(1), size, turned,
            cos, sin, cos.dtype != target.dtype, isBack ? -1f : 1f, pairs == RotaryPairs.Halves,
        ];
        var kernel = !isWhole ? Any : pairs == RotaryPairs.Halves ? Halves : Neighbours;
        device.Launch(kernel, target.dtype, shape, isWhole ? arguments[..^1] : arguments);

        bool IsStrided(Tensor x) => x.stride(0) % lanes == 0 && x.stride(1) % lanes == 0;
    }

    static void OnCpu(Tensor joint, int heads, Tensor cos, Tensor sin, float direction)
    {
        byte* x = TensorMemory.PointerOf(joint), c = TensorMemory.PointerOf(cos), s = TensorMemory.PointerOf(sin);
        var (rows, all, n) = (joint.shape[0], (int)joint.shape[1], (int)joint.shape[2]);
        if (joint.dtype == ScalarType.BFloat16) CpuKernels.Rotate<BFloat16Lanes>(x, c, s, rows, heads, all, n, direction);
        else CpuKernels.Rotate<Float32Lanes>(x, c, s, rows, heads, all, n, direction);
    }
}
