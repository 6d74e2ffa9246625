using FinIntent.Files;

namespace FinIntent.Jobs.Bench;

/// <summary>One kind of work that was measured.</summary>
/// <param name="Key">The name that programs read.</param>
/// <param name="Name">The name that people read.</param>
/// <param name="Seconds">The median time until the device was done.</param>
/// <param name="HostSeconds">The median time until the CPU had queued everything; null on a CPU.</param>
/// <param name="FlopsPerWeight">The operations for one token: 2 for a forward, 4 for LoRA training (the base takes no weight gradients),
/// fewer where tokens are shared.</param>
sealed record BenchLine(
    string Key, string Name, double TokensPerSecond, double Seconds, double? HostSeconds, double FlopsPerWeight, long PeakMemoryBytes);

/// <summary>Everything that a run of the benchmark measured.</summary>
sealed record BenchResult(BenchModel Model, MachineRate Machine, IReadOnlyList<BenchLine> Lines)
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    readonly double _weights = Model.LinearWeights();

    /// <summary>The rate of the layers' products, in 10¹² operations a second.</summary>
    public double Tflops(BenchLine line) => line.FlopsPerWeight * _weights * line.TokensPerSecond / 1e12;

    public void WriteJson(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(new
    {
        Model.Shape,
        Model.Layers,
        Type = Model.Type.ToString(),
        Quantization = Model.Format?.Name,
        Model.Config,
        Machine = Machine.Name,
        Machine.ProductTflops,
        Lines = Lines.ToDictionary(line => line.Key, line => new
        {
            line.Name,
            line.TokensPerSecond,
            line.Seconds,
            line.HostSeconds,
            Tflops = Tflops(line),
            line.PeakMemoryBytes,
        }),
    }, Json));
}
