using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Bench;

/// <summary>How long a checkpoint's weights took to come to the device.</summary>
/// <param name="Bytes">The size of the tensors in the files.</param>
/// <param name="Turns">The name, seconds and peak memory in bytes of each load.</param>
sealed record LoadResult(
    string Folder, Device Device, WeightFormat? Format, long Bytes, IReadOnlyList<(string Name, double Seconds, long PeakBytes)> Turns);

/// <summary>Measures how fast a checkpoint is loaded: once as the files are found, on disk or in the page cache, and once again.</summary>
static class LoadBench
{
    public static LoadResult Run(string folder, Device device, WeightFormat? format)
    {
        long bytes;
        using (var checkpoint = Checkpoint.Open(folder)) bytes = checkpoint.Tensors.Values.Sum(t => t.Length);
        if (device.type == DeviceType.CUDA) zeros(1, device: device).Dispose(); // starts CUDA, which is no part of loading

        var memory = new PeakMemory(device);
        return new(folder, device, format, bytes, [Load("first"), Load("again")]);

        (string, double, long) Load(string turn)
        {
            var clock = Stopwatch.StartNew();
            using var model = PretrainedModel.Load(folder, null, device, format);
            Devices.Synchronize(device);
            return (turn, clock.Elapsed.TotalSeconds, memory.Bytes);
        }
    }

    /// <summary>Writes a random checkpoint of a shape, loads it, and deletes it.</summary>
    /// <param name="parent">The folder in which the checkpoint's folder is made; null: the temporary folder.</param>
    public static LoadResult Run(BenchModel shape, string? parent)
    {
        const long shardBytes = 5_000_000_000;
        var folder = Path.Combine(parent ?? Path.GetTempPath(), $"finintent-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            using (var model = (shape with { Format = null }).Create(isTrained: false))
            {
                var weights = model.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter));
                SafetensorsWriter.WriteSharded(folder, weights, shardBytes);
            }
            AtomicFile.WriteText(Path.Combine(folder, Checkpoint.ConfigName), shape.Config.GetRawText());
            return Run(folder, shape.Device, shape.Format);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
