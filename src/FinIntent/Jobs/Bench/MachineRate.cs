using FinIntent.Runtime;

namespace FinIntent.Jobs.Bench;

/// <summary>Says what the machine can do at most: a large product as measured, and what the maker of a known GPU promises.</summary>
/// <param name="Size">Rows and columns of the product's matrices.</param>
/// <param name="DatasheetTflops">The maker's number; null for a CPU, an unknown GPU, or a type of other than 16 bits.</param>
sealed record MachineRate(string Name, int Size, double ProductTflops, double? DatasheetTflops)
{
    public static MachineRate Measure(BenchModel model)
    {
        var (device, type) = (model.Device, model.Type);
        var isGpu = device.type == DeviceType.CUDA;
        var name = isGpu ? DeviceMemory.NameOf(device) ?? "CUDA device" : $"cpu, {get_num_threads()} threads";
        var size = model.IsTiny ? 256 : isGpu ? 8192 : 2048;
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor a = randn(size, size, device: device).to(type), b = randn(size, size, device: device).to(type);
        var warmUp = Timing.WarmUp(device);
        var seconds = Enumerable.Range(0, warmUp + (isGpu ? 10 : 5))
            .Select(_ => Seconds(device, () => a.matmul(b).Dispose()))
            .Skip(warmUp).Min();
        var promised = isGpu && type is ScalarType.BFloat16 or ScalarType.Float16 ? Promised(name) : null;
        return new(name, size, 2.0 * size * size * size / seconds / 1e12, promised);
    }

    /// <summary>Measures the time until the device is done.</summary>
    static double Seconds(Device device, Action work)
    {
        var clock = Stopwatch.StartNew();
        work();
        Devices.Synchronize(device);
        return clock.Elapsed.TotalSeconds;
    }

    internal static double? Promised(string gpu) => GpuModel.Named(gpu)?.Tflops;
}
