using FinIntent.Jobs.Bench;
using Spectre.Console;

namespace FinIntent.Cli;

/// <summary>The tables of `finintent bench`, in plain text.</summary>
static class BenchText
{
    public static void Write(TextWriter console, BenchResult result)
    {
        var (model, machine) = (result.Model, result.Machine);
        var shape = model.Layers is { } layers ? $"{model.Shape} with {layers} layers" : model.Shape;
        var weights = model.Format is { } format ? $" with {format.Name} weights" : "";
        var product = $"product of {machine.Size} x {machine.Size}: {Text(machine.ProductTflops, "g4")} TFLOP/s";
        console.WriteLine($"{shape}, {model.Type}{weights}, {machine.Name}; {product}");

        var table = new Table();
        table.AddColumns("", "tokens/s", "ms", "host ms", "TFLOP/s", "of product");
        if (machine.DatasheetTflops is { } promised) table.AddColumn($"of {Text(promised, "f0")}");
        table.AddColumn("peak memory");
        foreach (var line in result.Lines) table.AddRow([.. Cells(line, result.Tflops(line), machine)]);
        Write(console, table);
    }

    public static void Write(TextWriter console, LoadResult result)
    {
        var table = new Table();
        table.AddColumns("", "GB", "s", "GB/s", "peak memory");
        foreach (var (name, seconds, peak) in result.Turns)
            table.AddRow(name, Text(result.Bytes / 1e9, "f2"), Text(seconds, "f2"), Text(result.Bytes / 1e9 / seconds, "f2"),
                Gigabytes(peak));
        console.WriteLine($"{result.Folder}, {result.Device}{(result.Format is null ? "" : $", packed into {result.Format.Name}")}");
        Write(console, table);
    }

    public static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    static IEnumerable<string> Cells(BenchLine line, double tflops, MachineRate machine)
    {
        yield return line.Name;
        yield return Text(line.TokensPerSecond, "f0");
        yield return Milliseconds(line.Seconds);
        yield return line.HostSeconds is { } host ? Milliseconds(host) : "–";
        yield return Text(tflops, tflops < 10 ? "f3" : "f0");
        yield return Text(tflops / machine.ProductTflops, "p0");
        if (machine.DatasheetTflops is { } sheet) yield return Text(tflops / sheet, "p0");
        yield return Gigabytes(line.PeakMemoryBytes);
    }

    static string Milliseconds(double seconds) => Text(seconds * 1000, seconds < 0.1 ? "f1" : "f0");

    static string Gigabytes(long bytes) => Text(bytes / 1e9, "f1") + " GB";

    /// <summary>The table gets the width that it needs, whatever the terminal's is.</summary>
    public static void Write(TextWriter console, Table table)
    {
        var plain = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(console) });
        plain.Profile.Width = 200;
        plain.Write(table);
    }
}
