using System.Collections.Concurrent;

namespace FinIntent.Runtime;

/// <summary>Chooses the device that a command computes on, and measures it.</summary>
public static class Devices
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

    /// <summary>Returns the same device for a program's work.</summary>
    /// <param name="notice">It is told once when a GPU cannot have this project's kernels, and why.</param>
    public static Device Open(Action<string> notice)
    {
        KernelDevice.TellTo(notice);
        return Default;
    }

    /// <summary>
    /// Returns the type to compute in when <paramref name="wanted"/> was asked for. It is fp32 on a CPU that multiplies 16-bit numbers
    /// slower than fp32 (no AVX512-BF16, AMX or the like), which is measured once; else it is the wanted type.
    /// </summary>
    public static ScalarType TypeOn(Device device, ScalarType wanted) =>
        device.type == TorchSharp.DeviceType.CPU && wanted is ScalarType.BFloat16 or ScalarType.Float16 && Ratio(wanted) < 1
            ? ScalarType.Float32
            : wanted;

    static readonly ConcurrentDictionary<ScalarType, double> Ratios = [];

    /// <summary>Returns how many times faster a product in <paramref name="type"/> is than one in fp32.</summary>
    static double Ratio(ScalarType type) => Ratios.GetOrAdd(type, static t => Seconds(ScalarType.Float32) / Seconds(t));

    /// <summary>Measures this CPU's products in <paramref name="type"/>, in 10¹² operations a second.</summary>
    public static double ProductTflops(ScalarType type)
    {
        using var scope = NewDisposeScope();
        const int n = 1024;
        Tensor x = zeros(n, n, dtype: type), w = zeros(n, n, dtype: type);
        var seconds = Enumerable.Range(0, 5).Min(_ =>
        {
            var clock = Stopwatch.StartNew();
            x.matmul(w).Dispose();
            return clock.Elapsed.TotalSeconds;
        });
        return 2.0 * n * n * n / seconds / 1e12;
    }

    /// <summary>Returns the best time of five products of a training step's size.</summary>
    static double Seconds(ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor x = zeros(256, 512, dtype: type), w = zeros(512, 512, dtype: type);
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
