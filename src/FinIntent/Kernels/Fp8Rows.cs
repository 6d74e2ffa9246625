using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Kernels;

/// <summary>Matrices in float8_e4m3fn with a scale for each row. FP8 Formats for Deep Learning, https://arxiv.org/abs/2209.05433.</summary>
static class Fp8Rows
{
    /// <summary>float8_e4m3fn, which TorchSharp's enumeration ends before; its calls pass the number through. c10/core/ScalarType.h</summary>
    public const ScalarType Type = (ScalarType)24;

    /// <summary>The largest number of the type.</summary>
    public const double Largest = 448;

    /// <summary>x [T, K] → values float8 [T, K] and scales fp32 [T, 1] = max |x| of the row / 448 (1 for a row of zeros), so that x ≈ values · scales.</summary>
    public static (Tensor Values, Tensor Scales) Quantize(Tensor x) => Plain(x);

    public static (Tensor Values, Tensor Scales) Plain(Tensor x)
    {
        using var scope = NewDisposeScope();
        var wide = x.to(ScalarType.Float32);
        var scales = wide.abs().amax([1], keepdim: true).div_(Largest);
        scales = where(scales.eq(0), ones_like(scales), scales);
        var values = (wide / scales).clamp_(-Largest, Largest).to(Type);
        return (values.MoveToOuterDisposeScope(), scales.MoveToOuterDisposeScope());
    }
}
