using System.Diagnostics;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>
/// Large tables, by the program itself as a process of its own, with a model of random weights whose answers take little time. What is
/// explicit takes minutes: FinIntent.Tests -class FinIntent.Tests.Cli.ClassifyScaleTests -explicit on -showLiveOutput. It prints what
/// docs/log.md records.
/// </summary>
public sealed class ClassifyScaleTests : IDisposable
{
    static readonly string Model = Path.Combine(Reference.Root, "models", "tiny", "qwen2");

    readonly TemporaryFolder _folder = new();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Ten_times_the_rows_take_no_more_memory()
    {
        var (few, many) = (await PeakOf(40_000, 400), await PeakOf(400_000, 400));

        Assert.True(many < 1.15 * few, $"{many >> 20} MiB for 400,000 rows, {few >> 20} MiB for 40,000");
    }

    [Fact(Explicit = true), Trait("tier", "demand")]
    public async Task Ten_million_rows_take_at_most_a_tenth_more_memory_than_a_hundred_thousand()
    {
        var (few, many) = (await PeakOf(100_000, 50_000), await PeakOf(10_000_000, 50_000));

        Console.WriteLine($"peak {few >> 20} MiB for 100,000 rows, {many >> 20} MiB for 10,000,000: {(double)many / few:f3}");
        Assert.True(many <= 1.1 * few);
    }

    [Fact]
    public Task A_run_that_is_killed_goes_on_to_the_same_bytes() => KillAndCompare(rows: 30_000, distinct: 1_000, kills: 2, seed: 1);

    [Theory(Explicit = true), Trait("tier", "demand")]
    [InlineData(11), InlineData(12), InlineData(13), InlineData(14), InlineData(15)]
    public Task A_run_that_is_killed_again_and_again_goes_on_to_the_same_bytes(int seed) =>
        KillAndCompare(rows: 1_000_000, distinct: 6_000, kills: 8, seed);

    /// <summary>Ends the program without warning at random moments of its work, and compares what it makes at last.</summary>
    async Task KillAndCompare(int rows, int distinct, int kills, int seed)
    {
        var input = Rows(rows, distinct);
        var most = 0L; // what the answers of a run take, before the end removes them
        await Classify(input, "whole.csv", () =>
        {
            most = Math.Max(most, KeptAnswers("whole.csv"));
            return false;
        });
        var random = new Random(seed);
        var killed = 0;
        for (var i = 0; i < kills; i++)
        {
            // The share of the answers that are kept, and then some time, in which the rows behind the last new text are written.
            var (kept, after) = (random.NextInt64(most), i % 2 == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(random.NextDouble()));
            Stopwatch? reached = null;
            if (await Classify(input, "killed.csv", IsTime)) killed++;
            else File.Delete(_folder["killed.csv"]);

            bool IsTime() => KeptAnswers("killed.csv") >= kept && (reached ??= Stopwatch.StartNew()).Elapsed >= after;
        }
        Assert.InRange(killed, kills / 2, kills);
        Assert.False(File.Exists(_folder["killed.csv"]));

        await Classify(input, "killed.csv", () => false);

        foreach (var (line, again) in File.ReadLines(_folder["whole.csv"]).Zip(File.ReadLines(_folder["killed.csv"])))
            Assert.Equal(line, again);
        Assert.True(File.ReadAllBytes(_folder["whole.csv"]).AsSpan().SequenceEqual(File.ReadAllBytes(_folder["killed.csv"])));
        Assert.Empty(Directory.GetFiles(_folder.Path, ".*"));
        Console.WriteLine($"{rows} rows, {killed} of {kills} runs killed, seed {seed}: the same bytes");
    }

    long KeptAnswers(string output) => new FileInfo(_folder[$".{output}.answers"]) is { Exists: true } file ? file.Length : -1;

    async Task<long> PeakOf(int rows, int distinct)
    {
        var input = Rows(rows, distinct);
        using var process = Start(input, "out.csv");
        var reading = process.StandardError.ReadToEndAsync(Stop);
        var peak = 0L;
        while (!process.HasExited)
        {
            try
            {
                process.Refresh();
                peak = Math.Max(peak, process.PeakWorkingSet64);
            }
            catch (InvalidOperationException) when (process.HasExited)
            {
                // It has ended since it was asked; the last look before has its peak.
            }
            await Task.Delay(20, Stop);
        }
        Assert.True(process.ExitCode == 0, await reading);
        Assert.Equal(rows + 1, File.ReadLines(_folder["out.csv"]).Count());
        return peak;
    }

    /// <param name="isTime">Is asked again and again; true kills the program.</param>
    /// <returns>Whether the program was killed; it may end before.</returns>
    async Task<bool> Classify(string input, string output, Func<bool> isTime)
    {
        using var process = Start(input, output);
        var reading = process.StandardError.ReadToEndAsync(Stop);
        while (!process.HasExited)
        {
            if (isTime())
            {
                process.Kill();
                await process.WaitForExitAsync(Stop);
                return !File.Exists(_folder[output]);
            }
            await Task.Delay(2, Stop);
        }
        Assert.True(process.ExitCode == 0, await reading);
        return false;
    }

    Process Start(string input, string output) => Process.Start(new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "finintent.dll"), "classify", "--model", Model, "template=qwen",
            $"intent_schema={_folder.Write("schema.yaml", "name: s\nlanguage: en\nlabels: letters\nintents: [{name: a}, {name: b}]\n")}",
            $"input={input}", $"output={_folder[output]}",
        ])
    {
        RedirectStandardError = true,
    })!;

    string Rows(int count, int distinct)
    {
        using var file = File.CreateText(_folder["rows.csv"]);
        file.Write("id,text\n");
        for (var i = 0; i < count; i++) file.Write($"{i},涨{(long)i * 7919 % distinct}吗\n");
        return _folder["rows.csv"];
    }
}
