namespace FinIntent.Runtime;

/// <summary>Describes a GPU by what its maker publishes.</summary>
/// <param name="Name">The name as its driver gives it, such as "A10G" in "NVIDIA A10G".</param>
/// <param name="Bytes">The bytes that CUDA reports as total: the card's size less what the driver keeps.</param>
/// <param name="Tflops">The speed of dense 16-bit products with fp32 sums, without sparsity.</param>
/// <param name="GigabytesPerSecond">The bandwidth of its memory.</param>
sealed record GpuModel(string Key, string Name, long Bytes, double Tflops, double GigabytesPerSecond)
{
    /// <summary>The known GPUs; the first whose name fits a driver's name is the one meant.</summary>
    public static IReadOnlyList<GpuModel> Known { get; } =
    [
        Of("b200", "B200", 178, 2250, 8000), Of("h200", "H200", 139.8, 989, 4800), Of("h100-pcie", "H100 PCIe", 79.1, 756, 2000),
        Of("h100-nvl", "H100 NVL", 93.1, 835, 3900), Of("h100", "H100", 79.1, 989, 3350), Of("a100-40", "A100-SXM4-40GB", 39.4, 312, 1555),
        Of("a100", "A100", 79.1, 312, 2039), Of("a10g", "A10G", 22.1, 70, 600), Of("a10", "A10", 22.1, 125, 600),
        Of("l40s", "L40S", 44.4, 362, 864), Of("l40", "L40", 44.4, 181, 864), Of("l4", "L4", 22, 121, 300),
        Of("rtx5090", "RTX 5090", 31.4, 209, 1792), Of("rtx4090", "RTX 4090", 23.6, 165, 1008), Of("rtx3090", "RTX 3090", 23.7, 71, 936),
    ];

    static GpuModel Of(string key, string name, double gibibytes, double tflops, double bandwidth) =>
        new(key, name, (long)(gibibytes * (1 << 30)), tflops, bandwidth);

    /// <summary>Returns the GPU whose speed to expect of a device; an unknown GPU counts as an H100.</summary>
    public static GpuModel Of(Device device) =>
        DeviceMemory.NameOf(device) is { } name && Named(name) is { } known ? known : Known.Single(gpu => gpu.Key == "h100");

    /// <summary>Returns the model that a driver's name means, or null.</summary>
    public static GpuModel? Named(string driverName) =>
        Known.FirstOrDefault(gpu => Regex.IsMatch(driverName, $@"(^|[\s]){Regex.Escape(gpu.Name)}($|[\s-])"));
}
