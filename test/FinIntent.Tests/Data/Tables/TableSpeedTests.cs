using System.Diagnostics;
using FinIntent.Data.Rows;
using FinIntent.Data.Tables;
using Xunit;

namespace FinIntent.Tests.Data.Tables;

/// <summary>
/// Explicit, because it takes minutes: FinIntent.Tests -class FinIntent.Tests.Data.Tables.TableSpeedTests -explicit only -showLiveOutput.
/// Prints what docs/log.md records.
/// </summary>
[Trait("tier", "demand")]
public sealed class TableSpeedTests
{
    const int Rows = 1_000_000;

    static readonly TableColumn[] Added =
    [
        new("intent", ColumnKind.Text), new("label", ColumnKind.Text), new("probability", ColumnKind.Number),
        new("margin", ColumnKind.Number), new("abstained", ColumnKind.Boolean), new("prediction_set", ColumnKind.Texts),
    ];

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Ten million rows, looked at, read and written, take two minutes of one core at most.</summary>
    [Theory(Explicit = true)]
    [InlineData(".csv", 83_000)]
    [InlineData(".jsonl", 83_000)]
    [InlineData(".parquet", 10_000)]
    public void A_table_is_read_and_written_quickly(string type, int leastRowsPerSecond)
    {
        using var folder = new TemporaryFolder();
        WriteInput(folder["in" + type], type);
        var before = CpuSeconds();

        var survey = TableSurvey.Of(folder["in" + type], Stop);
        var surveyed = CpuSeconds();
        using (var stream = File.Create(folder["out" + type]))
        using (var writer = TableWriter.Open(stream, type, survey.Columns, Added))
        {
            string[] set = ["A", "C"];
            foreach (var row in DataFile.Read(folder["in" + type]))
                writer.Write(row, ["个股问询", "A", 0.9731254, 0.91, false, set]);
            writer.Finish();
        }
        var (survey1, write) = (surveyed - before, CpuSeconds() - surveyed);

        Assert.Equal(Rows, survey.Rows);
        Console.WriteLine($"{type}: survey {Rows / survey1:F0} rows/s, read and written {Rows / write:F0} rows/s of processor time, " +
            $"{new FileInfo(folder["out" + type]).Length >> 20} MiB, peak {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB");
        Assert.InRange(Rows / (survey1 + write), leastRowsPerSecond, double.MaxValue);
    }

    static double CpuSeconds() => Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds;

    static void WriteInput(string path, string type)
    {
        using var folder = new TemporaryFolder();
        using (var lines = File.CreateText(folder["rows.jsonl"]))
            for (var i = 0; i < Rows; i++)
                lines.WriteLine($$"""{"id": {{i}}, "channel": "app", "text": "今天大盘怎么跌了{{i % 50_000}}，还能买吗"}""");
        var survey = TableSurvey.Of(folder["rows.jsonl"], Stop);
        using var stream = File.Create(path);
        using var writer = TableWriter.Open(stream, type, survey.Columns, []);
        foreach (var row in DataFile.Read(folder["rows.jsonl"])) writer.Write(row, []);
        writer.Finish();
    }
}
