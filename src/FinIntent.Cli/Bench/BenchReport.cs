using System.Globalization;
using System.Text.Json;
using FinIntent.Files;
using Spectre.Console;

namespace FinIntent.Cli.Bench;

/// <summary>One line of the table.</summary>
/// <param name="Key">Names the line for programs.</param>
/// <param name="Seconds">Median, until the device was done.</param>
/// <param name="HostSeconds">Median, until the CPU had queued everything; null on a CPU.</param>
/// <param name="FlopsPerWeight">For a token: 2 for a forward, 4 for LoRA training (no gradients of the base's weights), less where tokens are shared.</param>
sealed record BenchLine(string Key, string Name, double TokensPerSecond, double Seconds, double? HostSeconds, double FlopsPerWeight, long PeakMemoryBytes);

/// <summary>What was measured, as a table and as JSON.</summary>
sealed class BenchReport(BenchModel model, MachineRate machine, IReadOnlyList<BenchLine> lines)
{
    static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    readonly double _weights = model.LinearWeights();

    string Shape => model.Layers is { } layers ? $"{model.Shape} with {layers} layers" : model.Shape;

    public void Print(TextWriter console)
    {
        console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Shape}, {model.Type}{(model.Format is { } format ? $" with {format.Name} weights" : "")}, {machine.Name}; product of {machine.Size} x {machine.Size}: {machine.ProductTflops:g4} TFLOP/s"));
        var table = new Table();
        table.AddColumns("", "tokens/s", "ms", "host ms", "TFLOP/s", "of product");
        if (machine.DatasheetTflops is { } promised) table.AddColumn(string.Create(CultureInfo.InvariantCulture, $"of {promised:f0}"));
        table.AddColumn("peak memory");
        foreach (var line in lines)
        {
            var rate = Tflops(line);
            List<string> cells =
            [
                line.Name, Text(line.TokensPerSecond, "f0"), Milliseconds(line.Seconds), line.HostSeconds is { } host ? Milliseconds(host) : "–",
                Text(rate, rate < 10 ? "f3" : "f0"), Text(rate / machine.ProductTflops, "p0"),
            ];
            if (machine.DatasheetTflops is { } sheet) cells.Add(Text(rate / sheet, "p0"));
            cells.Add(Text(line.PeakMemoryBytes / 1e9, "f1") + " GB");
            table.AddRow([.. cells]);
        }
        Write(console, table);
    }

    public void WriteJson(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(new
    {
        model.Shape,
        model.Layers,
        Type = model.Type.ToString(),
        Quantization = model.Format?.Name,
        model.Config,
        Machine = machine.Name,
        machine.ProductTflops,
        Lines = lines.ToDictionary(line => line.Key, line => new { line.Name, line.TokensPerSecond, line.Seconds, line.HostSeconds, Tflops = Tflops(line), line.PeakMemoryBytes }),
    }, Json));

    /// <summary>A table in plain text, as wide as it wants to be.</summary>
    public static void Write(TextWriter console, Table table)
    {
        var plain = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(console) });
        plain.Profile.Width = 200;
        plain.Write(table);
    }

    public static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    double Tflops(BenchLine line) => line.FlopsPerWeight * _weights * line.TokensPerSecond / 1e12;

    static string Milliseconds(double seconds) => Text(seconds * 1000, seconds < 0.1 ? "f1" : "f0");
}
