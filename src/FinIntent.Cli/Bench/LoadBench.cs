using System.Diagnostics;
using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;
using Spectre.Console;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Cli.Bench;

/// <summary>How fast a checkpoint's weights come to the device: once as the files are, on disk or in the page cache, and once again.</summary>
static class LoadBench
{
    const long ShardBytes = 5_000_000_000;

    public static void Run(string folder, Device device, WeightFormat? format, TextWriter console)
    {
        long bytes;
        using (var checkpoint = Checkpoint.Open(folder)) bytes = checkpoint.Tensors.Values.Sum(t => t.Length);
        if (device.type == DeviceType.CUDA) zeros(1, device: device).Dispose(); // starts CUDA, which is no part of loading

        var memory = new PeakMemory(device);
        var table = new Table();
        table.AddColumns("", "GB", "s", "GB/s", "peak memory");
        foreach (var turn in (string[])["first", "again"])
        {
            var clock = Stopwatch.StartNew();
            using var model = PretrainedModel.Load(folder, null, device, format);
            Devices.Synchronize(device);
            var seconds = clock.Elapsed.TotalSeconds;
            table.AddRow(turn, BenchReport.Text(bytes / 1e9, "f2"), BenchReport.Text(seconds, "f2"), BenchReport.Text(bytes / 1e9 / seconds, "f2"),
                BenchReport.Text(memory.Bytes / 1e9, "f1") + " GB");
        }
        console.WriteLine($"{folder}, {device}{(format is null ? "" : $", packed into {format.Name}")}");
        BenchReport.Write(console, table);
    }

    /// <summary>A random checkpoint of a shape, in a folder that is gone afterwards.</summary>
    public static void Run(BenchModel shape, string? parent, TextWriter console)
    {
        var folder = Path.Combine(parent ?? Path.GetTempPath(), $"finintent-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            using (var model = (shape with { Format = null }).Create(isTrained: false))
                SafetensorsWriter.WriteSharded(folder, model.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)), ShardBytes);
            AtomicFile.WriteText(Path.Combine(folder, Checkpoint.ConfigName), shape.Config.GetRawText());
            Run(folder, shape.Device, shape.Format, console);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
