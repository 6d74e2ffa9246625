using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Stores matrices in float8_e4m3fn, a scale a row. FP8 Formats for Deep Learning, https://arxiv.org/abs/2209.05433</summary>
static class Fp8Rows
{
    const string File = "fp8_rows.cu";
    const int MostThreads = 1024;

    // A thread holds 1, 2, 4 or 8 times sixteen bytes of the row in its registers; the last kernel takes any width.
    static readonly Kernel[] Kernels = [new(File, "fp8_rows_1"), new(File, "fp8_rows_2"), new(File, "fp8_rows_4"), new(File, "fp8_rows_8")];
    static readonly Kernel Any = new(File, "fp8_rows_any");

    /// <summary>The type float8_e4m3fn; TorchSharp's enumeration ends before it but passes it through. c10/core/ScalarType.h</summary>
    public const ScalarType Type = (ScalarType)24;

    /// <summary>The largest number of the type.</summary>
    public const double Largest = 448;

    // The inverse of a smaller scale would be infinite, and zero times it not a number.
    const double Least = 1e-30;

    /// <summary>Returns values float8 [T, K] and scales fp32 [T, 1] = max |x| of the row / 448: x [T, K] ≈ values · scales.</summary>
    /// <remarks>A row with nothing above 1e-30 becomes zeros with scale 1.</remarks>
    public static (Tensor Values, Tensor Scales) Quantize(Tensor x) =>
        KernelDevice.Of(x, Any) is { } device && x.is_contiguous() ? On(device, x) : Plain(x);

    public static (Tensor Values, Tensor Scales) Plain(Tensor x)
    {
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        var largest = wide.abs().amax([1], keepdim: true);
        var scales = (largest / Largest).masked_fill_(largest.le(Least), 1);
        var values = (wide * scales.reciprocal()).clamp_(-Largest, Largest).to(Type);
        return (values.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }

    internal static (Tensor Values, Tensor Scales) On(KernelDevice device, Tensor x)
    {
        var (rows, n) = (x.size(0), (int)x.size(1));
        var values = empty([rows, n], dtype: Type, device: x.device);
        var scales = empty([rows, 1], dtype: ScalarType.Float32, device: x.device);
        var (kernel, threads) = Choose(n, KernelDevice.Lanes(x.dtype), KernelDevice.AreAligned(x, values));
        device.Launch(kernel, x.dtype, new(rows, 1, threads), x, values, scales, n);
        return (values, scales);
    }

    static (Kernel Kernel, int Threads) Choose(int n, int lanes, bool isAligned)
    {
        for (var i = 0; isAligned && n % lanes == 0 && i < Kernels.Length; i++)
            if ((n / lanes + (1 << i) - 1) >> i is var threads && threads <= (i < 2 ? MostThreads / 2 : MostThreads))
                return (Kernels[i], LaunchShape.Warps(threads));
        return (Any, Math.Min(MostThreads, LaunchShape.Warps(n)));
    }
}
