using System.Diagnostics;
using FinIntent.Data.Tokens;
using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Tests.Text;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Tokens;

/// <summary>
/// Explicit, because it takes minutes: FinIntent.Tests -class FinIntent.Tests.Data.StreamingTests -explicit only. Prints what docs/log.md
/// records.
/// </summary>
[Trait("tier", "demand")]
public sealed class StreamingTests
{
    [Fact(Explicit = true)]
    public void A_million_rows_take_the_memory_of_ten_thousand()
    {
        using var folder = new TemporaryFolder();
        folder.Write("dataset_info.json", """{"few": {"file_name": "few.json"}, "many": {"file_name": "many.json"}}""");
        WriteRows(folder["few.json"], 10_000);
        WriteRows(folder["many.json"], 1_000_000);
        var model = RealTokenizers.Folder("qwen3");
        var tokenizer = Tokenizer.Load(model);

        var few = Load(folder.Path, "few", tokenizer, model);
        var many = Load(folder.Path, "many", tokenizer, model);
        var kept = Load(folder.Path, "many", tokenizer, model, isKept: true);

        Assert.InRange(many - few, 0, 100 << 20);
        Assert.InRange(kept - few, 0, 100 << 20);
    }

    /// <summary>As `finintent train` reads them: looked at, and kept for another time.</summary>
    /// <returns>The largest working set so far, in bytes.</returns>
    static long Load(string folder, string name, Tokenizer tokenizer, string model, bool isKept = false)
    {
        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        var settings = new DatasetSettings { Dataset = [name], DatasetDir = folder, ValSize = 0.1 };
        var encoder = new Lazy<RowEncoder>(() => RowEncoder.For(Stage.Sft, settings, tokenizer, ChatTemplate.Get("qwen", tokenizer)));
        using var survey = new RowSurvey([tokenizer.EosTokenId!.Value]);
        using var rows = TrainingRows.Load(settings, Stage.Sft, 42, () => encoder.Value, Assert.Fail, null, new()
        {
            Train = survey,
            Cache = new(Path.Combine(folder, "cache"), TimeProvider.System),
            Encoder = new(model, "qwen"),
        });
        var loaded = watch.Elapsed.TotalSeconds;
        process.Refresh();
        var processor = (process.TotalProcessorTime - before).TotalSeconds;
        Assert.Equal(isKept, !encoder.IsValueCreated);
        watch.Restart();
        var tokens = 0L;
        for (var i = 0; i < rows.Train.Count; i++) tokens += rows.Train.Read(i).InputIds.Length;
        var read = watch.Elapsed.TotalSeconds;

        process.Refresh();
        var file = new FileInfo(Path.Combine(folder, $"{name}.json")).Length;
        var (count, done) = (rows.Train.Count + rows.Validation!.Count, isKept ? "kept rows opened" : "loaded and kept");
        Console.WriteLine($"{count} rows ({file >> 20} MiB of JSON, {tokens} training tokens): {done} in {loaded:F1} s "
            + $"({processor:F1} s of processor time) = {count / loaded:F0} rows/s = {file / loaded / 1e6:F1} MB/s; "
            + $"read back at {rows.Train.Count / read:F0} rows/s; peak working set {process.PeakWorkingSet64 >> 20} MiB; "
            + $"garbage-collected heap {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB");
        return process.PeakWorkingSet64;
    }

    static void WriteRows(string path, int count)
    {
        const string Characters = "今天大盘怎么样板块基金股票涨跌买卖账户开通费率新能源半导体白酒医药银行证券指数资金流入流出";
        var random = new Random(5);
        using var writer = new StreamWriter(path);
        writer.WriteLine("[");
        for (var i = 0; i < count; i++)
        {
            var question = string.Concat(Enumerable.Range(0, random.Next(6, 30)).Select(_ => Characters[random.Next(Characters.Length)]));
            var instruction = IntentPrompt.For($"{question}{i}", IntentOptions.OpenFinData).Text.Replace("\n", "\\n");
            var (letter, comma) = ((char)('A' + (i % 5)), i < count - 1 ? "," : "");
            writer.WriteLine($$"""  {"instruction": "{{instruction}}", "input": "", "output": "{{letter}}"}{{comma}}""");
        }
        writer.WriteLine("]");
    }
}
