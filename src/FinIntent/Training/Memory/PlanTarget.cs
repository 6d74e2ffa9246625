using FinIntent.Runtime;

namespace FinIntent.Training.Memory;

/// <summary>Where a run is planned for.</summary>
/// <param name="Bytes">That there are, or of a GPU in use, those the run may have.</param>
/// <param name="Gpu">Its speed; null: a CPU, or a GPU of which only the memory is known.</param>
sealed record PlanTarget(string Name, long Bytes, GpuModel? Gpu, bool IsCpu)
{
    /// <summary>CUDA's context, and what libraries take when they are first used: code and workspaces.</summary>
    const long GpuContext = 950_000_000;

    /// <summary>.NET, libtorch's code and its threads' buffers.</summary>
    const long CpuContext = 300_000_000;

    public long Context => IsCpu ? CpuContext : GpuContext;

    /// <summary>Kept free on purpose: as <see cref="DeviceMemory.Available"/> does.</summary>
    public long Margin(long held) => IsCpu ? Math.Max(0, (Bytes - held) / 2) : DeviceMemory.Margin(Bytes);

    /// <param name="gpu">A key of <see cref="GpuModel.Known"/> or a number of gigabytes (10⁹ bytes).</param>
    public static PlanTarget Of(string gpu)
    {
        if (GpuModel.Known.FirstOrDefault(known => known.Key.Equals(gpu, StringComparison.OrdinalIgnoreCase)) is { } model)
            return new($"{model.Name}, {Gigabytes(model.Bytes)}", model.Bytes, model, false);
        if (Regex.Match(gpu, @"^(\d+(\.\d+)?)\s*(gb)?$", RegexOptions.IgnoreCase) is { Success: true } match
            && double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) is > 0 and <= 10_000 and var gigabytes)
            return new($"a GPU with {Gigabytes((long)(gigabytes * 1e9))}", (long)(gigabytes * 1e9), null, false);
        throw new UserErrorException($"--gpu: \"{gpu}\" is neither one of {string.Join(", ", GpuModel.Known.Select(known => known.Key))} " +
            $"nor a number of gigabytes such as 24");
    }

    /// <summary>This machine, with what is free there now.</summary>
    public static PlanTarget Of(Device device)
    {
        if (device.type == DeviceType.CUDA && DeviceMemory.Of(device) is var (free, _))
        {
            var name = DeviceMemory.NameOf(device);
            return new($"{name}, {Gigabytes(free)} free", free + GpuContext, GpuModel.Named(name ?? ""), false);
        }
        var memory = GC.GetGCMemoryInfo();
        var bytes = memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes;
        return new($"CPU, {get_num_threads()} threads, {Gigabytes(bytes)} free", bytes, null, true);
    }

    public static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:f1} GB");
}
