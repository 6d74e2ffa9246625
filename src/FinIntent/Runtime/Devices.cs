using System.Collections.Concurrent;

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
    /// <remarks>It is fp32 on a CPU that multiplies 16-bit numbers slower (no AVX512-BF16, AMX …), which is measured once.</remarks>
    public static ScalarType TypeOn(Device device, ScalarType wanted) =>
        device.type == TorchSharp.DeviceType.CPU && wanted is ScalarType.BFloat16 or ScalarType.Float16 && Ratio(wanted) < 1
            ? ScalarType.Float32
            : wanted;

    static readonly ConcurrentDictionary<ScalarType, double> Ratios = [];

    /// <summary>Returns how many times faster a product of a training step's size is in <paramref name="type"/> than in fp32.</summary>
    static double Ratio(ScalarType type) => Ratios.GetOrAdd(type, static t => Seconds(ScalarType.Float32, 256, 512) / Seconds(t, 256, 512));

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
