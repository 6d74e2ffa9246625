using System.Diagnostics;
using FinIntent.Data;
using FinIntent.Intents;
using FinIntent.Settings;
using FinIntent.Tests.Text;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data;

/// <summary>
/// Explicit, because it takes minutes: FinIntent.Tests -class FinIntent.Tests.Data.StreamingTests -explicit only. Prints what docs/log.md records.
/// </summary>
public sealed class StreamingTests
{
    [Fact(Explicit = true)]
    public void A_million_rows_take_the_memory_of_ten_thousand()
    {
        using var folder = new TemporaryFolder();
        folder.Write("dataset_info.json", """{"few": {"file_name": "few.json"}, "many": {"file_name": "many.json"}}""");
        WriteRows(folder["few.json"], 10_000);
        WriteRows(folder["many.json"], 1_000_000);
        var tokenizer = RealTokenizers.Get("qwen3");

        var few = Load(folder.Path, "few", tokenizer);
        var many = Load(folder.Path, "many", tokenizer);

        Assert.InRange(many - few, 0, 100 << 20);
    }

    /// <summary>The largest working set so far, in bytes.</summary>
    static long Load(string folder, string name, Tokenizer tokenizer)
    {
        var watch = Stopwatch.StartNew();
        var settings = new DatasetSettings { Dataset = [name], DatasetDir = folder, ValSize = 0.1 };
        using var rows = TrainingRows.Load(settings, Stage.Sft, 42,
            () => RowEncoder.For(Stage.Sft, settings, tokenizer, ChatTemplate.Get("qwen", tokenizer)), Assert.Fail);
        var loaded = watch.Elapsed.TotalSeconds;
        watch.Restart();
        var tokens = 0L;
        for (var i = 0; i < rows.Train.Count; i++) tokens += rows.Train.Read(i).InputIds.Length;
        var read = watch.Elapsed.TotalSeconds;

        using var process = Process.GetCurrentProcess();
        var file = new FileInfo(Path.Combine(folder, $"{name}.json")).Length;
        Console.WriteLine($"{rows.Train.Count} + {rows.Validation!.Count} rows ({file >> 20} MiB of JSON, {tokens} training tokens): loaded in {loaded:F1} s = "
            + $"{(rows.Train.Count + rows.Validation.Count) / loaded:F0} rows/s = {file / loaded / 1e6:F1} MB/s; read back at {rows.Train.Count / read:F0} rows/s; "
            + $"peak working set {process.PeakWorkingSet64 >> 20} MiB; garbage-collected heap {GC.GetTotalMemory(forceFullCollection: true) >> 20} MiB");
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
            writer.WriteLine($$"""  {"instruction": "{{instruction}}", "input": "", "output": "{{(char)('A' + (i % 5))}}"}{{(i < count - 1 ? "," : "")}}""");
        }
        writer.WriteLine("]");
    }
}
