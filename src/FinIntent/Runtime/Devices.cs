using System.Runtime.Intrinsics.X86;

namespace FinIntent.Runtime;

/// <summary>Chooses the device that a command computes on, and measures it.</summary>
static class Devices
{
    /// <summary>The first CUDA device (of those that CUDA_VISIBLE_DEVICES shows) when libtorch has one, else the CPU.</summary>
    public static Device Default
    {
        get
        {
            LibTorch.Load();
            return LibTorch.HasCuda ? CUDA : CPU;
        }
    }

    /// <summary>Returns the device of a name: cpu, cuda or cuda:N; null means the default.</summary>
    /// <exception cref="UserErrorException">It is no such name, or libtorch has no such device.</exception>
    public static Device Named(string? name)
    {
        if (name is null) return Default;
        LibTorch.Load();
        if (name.Equals("cpu", StringComparison.OrdinalIgnoreCase)) return CPU;
        var parts = name.ToLowerInvariant().Split(':');
        var index = 0;
        if (parts[0] != "cuda" || parts.Length > 2 || (parts.Length == 2 && !int.TryParse(parts[1], NumberStyles.None, null, out index)))
            throw new UserErrorException($"device: \"{name}\" is none; use cpu, cuda or cuda:N");
        if (!LibTorch.HasCuda || index >= cuda.device_count())
            throw new UserErrorException($"device: \"{name}\" is not there: libtorch sees {(LibTorch.HasCuda ? cuda.device_count() : 0)} " +
                "CUDA devices; use cpu, or a libtorch and driver that see the GPU");
        return index == 0 ? CUDA : new Device(TorchSharp.DeviceType.CUDA, index);
    }

    /// <summary>Returns the same device for a program's work.</summary>
    /// <param name="notice">It is told once when a GPU cannot have this project's kernels, and why.</param>
    public static Device Open(Action<string> notice)
    {
        KernelDevice.TellTo(notice);
        return Default;
    }

    /// <summary>Returns the type to compute in when <paramref name="wanted"/> was asked for.</summary>
    /// <remarks>It is fp32 on a CPU that does not multiply 16-bit numbers itself (AVX512-BF16, AMX …) and so is slower in them.</remarks>
    public static ScalarType TypeOn(Device device, ScalarType wanted) =>
        device.type == TorchSharp.DeviceType.CPU && wanted is ScalarType.BFloat16 or ScalarType.Float16 && !Multiplies(wanted)
            ? ScalarType.Float32
            : wanted;

    /// <summary>Says whether this CPU has instructions that multiply numbers of a 16-bit type. A measurement would be another one on a
    /// busy machine, and a run that goes on there would compute in another type.</summary>
    static bool Multiplies(ScalarType type)
    {
        if (!X86Base.IsSupported) return false;
        // Intel 64 and IA-32 Architectures Software Developer's Manual, CPUID, leaf 07H
        var (_, _, _, features) = X86Base.CpuId(7, 0);
        var (more, _, _, _) = X86Base.CpuId(7, 1);
        const int amxBf16 = 22, avx512Fp16 = 23, avx512Bf16 = 5, amxFp16 = 21;
        return type == ScalarType.BFloat16 ? Has(features, amxBf16) || Has(more, avx512Bf16)
            : Has(features, avx512Fp16) || Has(more, amxFp16);

        static bool Has(int bits, int bit) => (bits >> bit & 1) != 0;
    }

    /// <summary>Measures this CPU's products in <paramref name="type"/>, in 10¹² operations a second.</summary>
    public static double ProductTflops(ScalarType type)
    {
        const int n = 1024;
        return 2.0 * n * n * n / Seconds(type, n, n) / 1e12;
    }

    /// <summary>Returns the best time of five products [rows, side] · [side, side].</summary>
    static double Seconds(ScalarType type, int rows, int side)
    {
        using var scope = NewDisposeScope();
        Tensor x = zeros(rows, side, dtype: type), w = zeros(side, side, dtype: type);
        return Enumerable.Range(0, 5).Min(_ =>
        {
            var clock = Stopwatch.StartNew();
            x.matmul(w).Dispose();
            return clock.Elapsed.TotalSeconds;
        });
    }

    /// <summary>Waits until the device has done all its work; call this before reading a clock.</summary>
    public static void Synchronize(Device device)
    {
        if (device.type == TorchSharp.DeviceType.CUDA) cuda.synchronize(device);
    }
}
