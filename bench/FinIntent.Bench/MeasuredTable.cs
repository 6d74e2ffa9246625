using System.Globalization;
using FinIntent.Jobs.Bench;
using Spectre.Console;
using static TorchSharp.torch;

namespace FinIntent.Bench;

/// <summary>Times of short pieces of work on one device, and the table they are printed in.</summary>
sealed class MeasuredTable(Device device, params string[] columns)
{
    const int Launches = 10, Turns = 7;

    readonly Table _table = new Table().AddColumns(columns);

    /// <summary>The time of one call in seconds, the median of seven turns in each of which ten calls are queued together.</summary>
    /// <returns>The time until the device was done, and until the CPU had queued the work; null where they are the same.</returns>
    public (double Seconds, double? HostSeconds) Time(Action work)
    {
        var (seconds, host) = Timing.Of(device, Turns, () =>
        {
            using var scope = NewDisposeScope();
            for (var i = 0; i < Launches; i++) work();
        });
        return (seconds / Launches, host / Launches);
    }

    public void Add(string name, params string[] cells) => _table.AddRow([name, .. cells]);

    public void Write(string title)
    {
        AnsiConsole.Profile.Width = 120;
        AnsiConsole.WriteLine(title);
        AnsiConsole.Write(_table);
    }

    public static string Milliseconds(double seconds) => (1e3 * seconds).ToString("f3", CultureInfo.InvariantCulture);

    public static void Discard((Tensor A, Tensor B) pair)
    {
        pair.A.Dispose();
        pair.B.Dispose();
    }
}
