using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Says where RMSNorm returns from fp32 to the input's type; the families differ, which shows below fp32.</summary>
enum RmsNormOrder
{
    /// <summary>Normalise in fp32, cast, multiply by the weight (transformers' Llama and Qwen).</summary>
    CastThenScale,
    /// <summary>Normalise in fp32, multiply by the weight, cast (ChatGLM3).</summary>
    ScaleThenCast,
    /// <summary>Normalise in fp32, cast to the weight's type, multiply by it (Baichuan2); fp32 weights make it differ.</summary>
    CastToWeightThenScale,
}

/// <summary>Computes what stands between two residual branches: h = x + branch, y = RMSNorm(h). https://arxiv.org/abs/1910.07467</summary>
static unsafe class ResidualNorm
{
    const string File = "residual_norm.cu";
    const int MostThreads = 512;

    // A thread holds 1, 2 or 4 times sixteen bytes of the row in its registers; the last kernel takes any width.
    static readonly Kernel[] ForwardKernels = [new(File, "residual_norm_1"), new(File, "residual_norm_2"), new(File, "residual_norm_4")];
    static readonly Kernel[] BackwardKernels =
        [new(File, "residual_norm_backward_1"), new(File, "residual_norm_backward_2"), new(File, "residual_norm_backward_4")];
    static readonly Kernel ForwardAny = new(File, "residual_norm_any"), BackwardAny = new(File, "residual_norm_backward_any");

    /// <summary>Returns h = x + branch in x's type (x itself without a branch) and h / √(mean(h²) + ε) · weight, [T, C] each.</summary>
    public static (Tensor Sum, Tensor Normed) Forward(Tensor x, Tensor? branch, Tensor weight, double epsilon, RmsNormOrder order)
    {
        if (KernelDevice.Of(x, ForwardAny) is { } device && Fit(x, weight, branch)) return On(device, x, branch, weight, epsilon, order);
        var sum = branch is null ? x.alias() : x + branch;
        return (sum, IsCpuKernel(sum, weight, order) ? OnCpu(sum, weight, epsilon) : Plain(sum, weight, epsilon, order));
    }

    /// <summary>Returns h's gradient: that of y = norm(h) carried back, plus the gradient that h has from elsewhere.</summary>
    public static Tensor Backward(Tensor dy, Tensor h, Tensor weight, double epsilon, Tensor added)
    {
        if (KernelDevice.Of(h, BackwardAny) is { } device && Fit(h, weight, dy) && Fit(h, weight, added))
            return BackwardOn(device, dy, h, weight, epsilon, added);
        using var scope = NewDisposeScope();
        var isOnCpu = IsCpuKernel(h, weight, RmsNormOrder.CastThenScale);
        var carried = isOnCpu ? BackwardOnCpu(dy.contiguous(), h, weight, epsilon) : PlainBackward(dy, h, weight, epsilon);
        return carried.add_(added).MoveToOuterDisposeScope();
    }

    /// <summary>Defines the function in plain operators, which torch can differentiate.</summary>
    public static Tensor Plain(Tensor x, Tensor weight, double epsilon, RmsNormOrder order)
    {
        using var scope = NewDisposeScope();
        var h = Wide(x);
        h = h * rsqrt(h.square().mean([-1], keepdim: true) + epsilon);
        h = order switch
        {
            RmsNormOrder.ScaleThenCast => (h * Wide(weight)).to(x.dtype),
            RmsNormOrder.CastToWeightThenScale => (h.to(weight.dtype) * weight).to(x.dtype),
            _ => h.to(x.dtype) * weight.to(x.dtype),
        };
        return h.MoveToOuterDisposeScope();
    }

    /// <summary>Computes r · (w·dy − ĥ · mean(w·dy·ĥ)), ĥ = h·r, r = 1/√(mean(h²) + ε); all orders have one gradient.</summary>
    public static Tensor PlainBackward(Tensor dy, Tensor h, Tensor weight, double epsilon)
    {
        using var scope = NewDisposeScope();
        var wide = Wide(h);
        var r = rsqrt(wide.square().mean([-1], keepdim: true) + epsilon);
        Tensor normed = wide * r, g = Wide(dy) * Wide(weight);
        return ((g - normed * (g * normed).mean([-1], keepdim: true)) * r).to(h.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Keeps fp64, so that a test can ask for it.</summary>
    static Tensor Wide(Tensor x) => x.dtype == ScalarType.Float64 ? x : x.to(ScalarType.Float32);

    /// <summary>Requires a weight in x's type or in fp32.</summary>
    static bool Fit(Tensor x, Tensor weight, Tensor? other) => x.is_contiguous() && weight.is_contiguous()
        && (weight.dtype == x.dtype || weight.dtype == ScalarType.Float32)
        && (other is null || (other.dtype == x.dtype && other.is_contiguous()));

    internal static (Tensor Sum, Tensor Normed) On(
        KernelDevice device, Tensor x, Tensor? branch, Tensor weight, double epsilon, RmsNormOrder order)
    {
        var y = empty_like(x);
        var sum = branch is null ? x.alias() : empty_like(x);
        var isWide = weight.dtype != x.dtype;
        var castFirst = order == RmsNormOrder.CastThenScale || (order == RmsNormOrder.CastToWeightThenScale && !isWide);
        var (count, n, shape) = Shape(x, KernelDevice.AreAligned(x, branch ?? x, weight, sum, y));
        device.Launch(count < 0 ? ForwardAny : ForwardKernels[count], x.dtype, shape,
            x, branch, weight, sum, y, n, (float)epsilon, isWide, castFirst);
        return (sum, y);
    }

    internal static Tensor BackwardOn(KernelDevice device, Tensor dy, Tensor h, Tensor weight, double epsilon, Tensor added)
    {
        var dx = empty_like(h);
        var (count, n, shape) = Shape(h, KernelDevice.AreAligned(dy, h, weight, added, dx));
        device.Launch(count < 0 ? BackwardAny : BackwardKernels[count], h.dtype, shape,
            dy, h, weight, added, dx, n, (float)epsilon, weight.dtype != h.dtype);
        return dx;
    }

    /// <summary>Chooses one of the kernels (-1: the one for any width) and the threads: each row has a block.</summary>
    static (int Count, int Columns, LaunchShape Shape) Shape(Tensor x, bool isAligned)
    {
        var n = (int)x.size(-1);
        var rows = x.numel() / Math.Max(1, n);
        int lanes = KernelDevice.Lanes(x.dtype), vectors = n / lanes;
        for (var count = 0; isAligned && n % lanes == 0 && count < ForwardKernels.Length; count++)
            if ((vectors + (1 << count) - 1) >> count is var threads && threads <= MostThreads)
                return (count, n, new(rows, 1, LaunchShape.Warps(threads)));
        return (-1, n, new(rows, 1, Math.Min(MostThreads, LaunchShape.Warps(n))));
    }

    // In fp32 all orders give one result; so do the two that cast first when the weight has the input's type.
    static bool IsCpuKernel(Tensor x, Tensor weight, RmsNormOrder order) => weight.dtype == x.dtype && CpuKernels.Take(x)
        && (order != RmsNormOrder.ScaleThenCast || x.dtype == ScalarType.Float32);

    static Tensor OnCpu(Tensor x, Tensor weight, double epsilon)
    {
        var y = empty_like(x);
        var n = (int)x.shape[^1];
        if (x.dtype == ScalarType.BFloat16) CpuKernels.RmsNorm<BFloat16Lanes>(At(x), At(weight), At(y), x.numel() / n, n, (float)epsilon);
        else CpuKernels.RmsNorm<Float32Lanes>(At(x), At(weight), At(y), x.numel() / n, n, (float)epsilon);
        return y;
    }

    static Tensor BackwardOnCpu(Tensor dy, Tensor h, Tensor weight, double epsilon)
    {
        var dx = empty_like(h);
        var n = (int)h.shape[^1];
        var rows = h.numel() / n;
        if (h.dtype == ScalarType.BFloat16)
            CpuKernels.RmsNormBackward<BFloat16Lanes>(At(dy), At(h), At(weight), At(dx), rows, n, (float)epsilon);
        else CpuKernels.RmsNormBackward<Float32Lanes>(At(dy), At(h), At(weight), At(dx), rows, n, (float)epsilon);
        return dx;
    }

    static byte* At(Tensor x) => TensorMemory.PointerOf(x);
}
