using FinIntent.Runtime;

namespace FinIntent.Kernels;

/// <summary>Writes out weights that are kept in 8 or 4 bits. It computes in fp32 and rounds once, to the target's type.</summary>
static class Dequantize
{
    const string File = "dequantize.cu";

    static readonly Kernel Int8Kernel = new(File, "dequantize_int8"), Int8Any = new(File, "dequantize_int8_any");
    static readonly Kernel Nf4Kernel = new(File, "dequantize_nf4"), Nf4Any = new(File, "dequantize_nf4_any");

    /// <summary>This many numbers share one scale in <see cref="Nf4(Tensor, Tensor, Tensor)"/>.</summary>
    public const int Block = 64;

    /// <summary>With double quantisation, the scales of this many blocks share a scale of their own.</summary>
    public const int ScaleBlock = 256;

    /// <summary>The numbers that 4 bits stand for: quantiles of the normal distribution scaled to [-1, 1]; 7 means zero.</summary>
    /// <remarks>QLoRA, https://arxiv.org/abs/2305.14314, appendix E; digits of bitsandbytes (csrc/kernels.cu, dDequantizeNF4).</remarks>
    public static readonly float[] Nf4Values =
    [
        -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f,
        -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
        0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f,
    ];

    /// <summary>Computes target [N, K] = values [N, K] int8 · scales [N] fp32 of its row.</summary>
    public static void Int8(Tensor values, Tensor scales, Tensor target)
    {
        if (KernelDevice.Of(target, Int8Kernel) is { } device && AreWhole(values, scales, target)) Int8On(device, values, scales, target);
        else PlainInt8(values, scales, target);
    }

    /// <summary>Fills target (contiguous, n numbers) from packed uint8 [32 · ⌈n / 64⌉] and absmax fp32 [⌈n / 64⌉].</summary>
    /// <remarks>The upper 4 bits of a byte hold the earlier number.</remarks>
    public static void Nf4(Tensor packed, Tensor absmax, Tensor target)
    {
        if (KernelDevice.Of(target, Nf4Kernel) is { } device && AreWhole(packed, absmax, target))
            Nf4On(device, packed, null, absmax, null, target);
        else PlainNf4(packed, absmax, target);
    }

    /// <summary>Does the same with absmax of block b = absmax8[b] · absmaxScales[b / 256] + absmaxMean.</summary>
    /// <remarks>They are int8 [⌈n / 64⌉], fp32 [⌈n / 64 / 256⌉] and fp32 [1].</remarks>
    public static void Nf4(Tensor packed, Tensor absmax8, Tensor absmaxScales, Tensor absmaxMean, Tensor target)
    {
        if (KernelDevice.Of(target, Nf4Kernel) is { } device && AreWhole(packed, absmax8, absmaxScales, target))
        {
            Nf4On(device, packed, absmax8, absmaxScales, absmaxMean, target);
            return;
        }
        using var absmax = PlainAbsmax(absmax8, absmaxScales, absmaxMean);
        PlainNf4(packed, absmax, target);
    }

    public static void PlainInt8(Tensor values, Tensor scales, Tensor target)
    {
        using var scope = NewDisposeScope();
        target.copy_(values.to(ScalarType.Float32).mul_(scales.unsqueeze(1)));
    }

    public static void PlainNf4(Tensor packed, Tensor absmax, Tensor target)
    {
        using var scope = NewDisposeScope();
        var pairs = PairsOn(packed.device).index_select(0, packed.to(ScalarType.Int32));          // [n / 2, 2]
        var numbers = pairs.view(-1, Block).mul_(absmax.unsqueeze(1)).view(-1);
        target.copy_(numbers.narrow(0, 0, target.numel()).view(target.shape));
    }

    public static Tensor PlainAbsmax(Tensor absmax8, Tensor absmaxScales, Tensor absmaxMean)
    {
        using var scope = NewDisposeScope();
        var scales = absmaxScales.repeat_interleave(ScaleBlock).narrow(0, 0, absmax8.numel());
        return absmax8.to(ScalarType.Float32).mul_(scales).add_(absmaxMean).MoveToOuterDisposeScope();
    }

    internal static void Int8On(KernelDevice device, Tensor values, Tensor scales, Tensor target)
    {
        var (rows, columns) = (target.size(0), target.size(1));
        var lanes = KernelDevice.Lanes(target.dtype);
        var isWide = columns % lanes == 0 && KernelDevice.AreAligned(values, target);
        device.Launch(isWide ? Int8Kernel : Int8Any, target.dtype, LaunchShape.Rows(rows, isWide ? columns / lanes : columns),
            values, scales, target, (int)columns);
    }

    internal static void Nf4On(KernelDevice device, Tensor packed, Tensor? absmax8, Tensor absmax, Tensor? absmaxMean, Tensor target)
    {
        const int threads = 256;
        var (count, lanes) = (target.numel(), KernelDevice.Lanes(target.dtype));
        var isWide = count % lanes == 0 && KernelDevice.AreAligned(packed, target);
        var units = isWide ? count / lanes : count;
        device.Launch(isWide ? Nf4Kernel : Nf4Any, target.dtype, new((units + threads - 1) / threads, 1, threads),
            packed, absmax8, absmax, absmaxMean, target, count);
    }

    static bool AreWhole(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var tensor in tensors)
            if (!tensor.is_contiguous()) return false;
        return true;
    }

    /// <summary>Returns the two numbers of each byte value, [256, 2].</summary>
    static Tensor PairsOn(Device device)
    {
        var pairs = Enumerable.Range(0, 256).SelectMany(b => new[] { Nf4Values[b >> 4], Nf4Values[b & 15] }).ToArray();
        return tensor(pairs, [256, 2], device: device);
    }
}
