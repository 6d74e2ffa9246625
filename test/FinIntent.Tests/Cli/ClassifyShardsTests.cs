using System.Diagnostics;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Files;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>`finintent classify --shards` and `--merge`, as a scheduler starts them.</summary>
public sealed class ClassifyShardsTests : IDisposable
{
    static readonly string[] Words = ["茅台", "平安银行", "半导体", "大盘", "开户", "易方达蓝筹", "转账", "白酒板块", "沪指", "手续费"];

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Parts => _folder["parts"];

    [Theory, InlineData(".csv", 3), InlineData(".jsonl", 2), InlineData(".json", 2), InlineData(".parquet", 3)]
    public void Merged_shards_are_the_bytes_of_one_run(string type, int shards)
    {
        var input = Input(type, 41);
        Ok($"input={input}", $"output={_folder["whole" + type]}");

        for (var shard = shards - 1; shard >= 0; shard--) Shard(shards, shard, input);
        var (code, output, _) = Run("--merge", Parts);

        Assert.Equal(0, code);
        Assert.Equal(File.ReadAllBytes(_folder["whole" + type]), File.ReadAllBytes(Path.Combine(Parts, "merged" + type)));
        Assert.StartsWith($"41 rows of {shards} shards, 0.0 % abstained, 2 with an error, ", output);
        var summary = JsonNode.Parse(File.ReadAllText(Path.Combine(Parts, "summary.json")))!;
        Assert.Equal((41, 2, 39), ((int)summary["rows"]!, (int)summary["errors"]!,
            summary["intents"]!.AsObject().Sum(intent => (int)intent.Value!)));
    }

    [Fact]
    public void A_part_that_is_there_is_left_and_a_damaged_one_or_one_of_other_settings_is_made_again()
    {
        var input = Input(".csv", 20);
        Shard(2, 0, input);
        var (part, record) = (Path.Combine(Parts, "part-00000-of-00002.csv"), Path.Combine(Parts, "part-00000-of-00002.done"));
        var bytes = File.ReadAllBytes(part);

        Assert.Contains("part-00000-of-00002.csv is done; nothing to do", Shard(2, 0, input));

        File.AppendAllText(part, "x");
        Assert.Contains("10 rows", Shard(2, 0, input));
        Assert.Equal(bytes, File.ReadAllBytes(part));

        File.WriteAllText(record, "{");
        Assert.Contains("10 rows", Shard(2, 0, input));

        Assert.Contains("10 rows", Shard(2, 0, input, "all_probabilities=true"));
        Assert.NotEqual(bytes, File.ReadAllBytes(part));
    }

    [Fact]
    public void A_merge_says_what_is_missing_damaged_or_of_another_run()
    {
        var input = Input(".csv", 20);
        Shard(3, 0, input);
        Assert.Contains("2 of 3 shards have no record: 1, 2; run them", MergeError());

        Shard(3, 1, input);
        Shard(3, 2, input, "output_prefix=my_");
        var error = MergeError();
        Assert.Contains("output_prefix is \"\" in", error);
        Assert.Contains("part-00002-of-00003.done; run the shards again whose value is not wanted", error);

        Shard(3, 2, input);
        var record = Path.Combine(Parts, "part-00001-of-00003.done");
        var said = File.ReadAllText(record);
        var type = (string)JsonNode.Parse(said)!["run"]!["computed_in"]!;
        File.WriteAllText(record, said.Replace($"\"{type}\"", "\"another type\""));
        Assert.Contains("part-00001-of-00003.done; give all shards one infer_dtype", MergeError());

        File.WriteAllText(record, said);
        var part = Path.Combine(Parts, "part-00001-of-00003.csv");
        var text = File.ReadAllText(part);
        File.WriteAllText(part, text.Replace("个股问询", "大盘问询"));
        Assert.Contains("part-00001-of-00003.done says; run shard 1 of 3 again", MergeError());

        File.Delete(part);
        Assert.Contains("part-00001-of-00003.csv is missing or is not what", MergeError());
        File.WriteAllText(part, text);
        Assert.Equal(0, Run("--merge", Parts).Code);

        Shard(2, 0, input);
        Assert.Contains("it has parts of 2 and of 3 shards", MergeError());
    }

    [Fact]
    public void Wrong_input_ends_a_shard_with_42_and_a_lock_with_75_and_neither_without_shards()
    {
        var broken = _folder.Write("broken.jsonl", "{\"text\": \"x\"}\n{\"text\": }\n");
        var input = Input(".csv", 4);
        Directory.CreateDirectory(Parts);

        var (code, _, error) = Run([.. Arguments, $"input={broken}", $"output={Parts}", "--shards", "2", "--shard", "0"]);
        Assert.Equal(42, code);
        Assert.Contains("broken.jsonl:2: not valid JSON", error);
        Assert.Throws<UserErrorException>(() => Run([.. Arguments, $"input={broken}", $"output={_folder["out.csv"]}"]));
        Assert.Equal(42, Run([.. Arguments, $"input={input}", $"output={Parts}", "--shards", "two", "--shard", "0"]).Code);
        Assert.Equal(42, Run([.. Arguments, $"input={input}", $"output={Parts}", "--shards", "2", "--shard", "2"]).Code);
        Assert.Equal(42, Run([.. Arguments, $"input={input}", $"output={_folder["out.csv"]}", "--shards", "2", "--shard", "0"]).Code);
        Assert.Equal(42, Run(["--model", _folder["none"], $"input={input}", $"output={Parts}", "--shards", "1", "--shard", "0"]).Code);

        using (OutputPlace.File(Path.Combine(Parts, "part-00000-of-00001.csv"), "output").Lock("classify"))
        {
            (code, _, error) = Run([.. Arguments, $"input={input}", $"output={Parts}", "--shards", "1", "--shard", "0"]);
            Assert.Equal(75, code);
            Assert.Contains("is being written by finintent classify (process ", error);
        }
        Shard(1, 0, input);
    }

    /// <summary>A process that is killed leaves no part; the next one goes on with the answers that were kept.</summary>
    [Fact]
    public async Task A_killed_shard_goes_on_where_it_was()
    {
        var input = Input(".csv", 240);
        var log = Path.Combine(Parts, ".part-00000-of-00001.csv.answers");
        string[] shard = [.. Arguments, $"input={input}", $"output={Parts}", "scoring_tokens=1000"];
        var start = new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "finintent.dll"), "classify", .. shard, "--shards", "1"])
        {
            RedirectStandardError = true,
        };
        start.Environment["JOB_COMPLETION_INDEX"] = "0";
        using (var process = Process.Start(start)!)
        {
            while (!process.HasExited && !(File.Exists(log) && new FileInfo(log).Length > 3_000))
                await Task.Delay(5, TestContext.Current.CancellationToken);
            Assert.False(process.HasExited, "the shard ended before it could be killed");
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
        Assert.Empty(Directory.GetFiles(Parts, "part-*"));
        Assert.NotEmpty(Directory.GetFiles(Parts, ".*.tmp"));

        using (var again = Process.Start(start)!)
        {
            var error = await again.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await again.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(again.ExitCode == 0, error);
        }

        Ok($"input={input}", $"output={_folder["whole.csv"]}", "scoring_tokens=1000");
        Assert.Equal(File.ReadAllBytes(_folder["whole.csv"]), File.ReadAllBytes(Path.Combine(Parts, "part-00000-of-00001.csv")));
        Assert.Empty(Directory.GetFiles(Parts, ".*"));
    }

    static string[] Arguments =>
        ["--model", EmbeddedClassifier.Model, "template=default", $"intent_schema={EmbeddedClassifier.Schema}"];

    string Shard(int shards, int shard, string input, params string[] more) =>
        Ok([$"input={input}", $"output={Parts}", "--shards", $"{shards}", "--shard", $"{shard}", .. more]);

    string MergeError() => Assert.Throws<UserErrorException>(() => Run("--merge", Parts)).Message;

    static string Ok(params string[] arguments)
    {
        var (code, _, error) = Run([.. Arguments, .. arguments]);
        Assert.True(code == 0, error);
        return error;
    }

    static (int Code, string Output, string Error) Run(params string[] arguments)
    {
        var (output, error) = (new StringWriter { NewLine = "\n" }, new StringWriter { NewLine = "\n" });
        var code = ClassifyCommand.Build().Parse(arguments)
            .Invoke(new() { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Rows of a type, some of which are equal and two of which have no text.</summary>
    string Input(string type, int rows)
    {
        var csv = _folder.Write("in.csv", "id,text\n" + string.Concat(Enumerable.Range(0, rows)
            .Select(i => $"{i},{(i is 1 or 30 ? "" : $"{Words[i % 7]}{i * 7 % (rows * 2 / 3)}，怎么样")}\n")));
        if (type == ".csv") return csv;
        var survey = FinIntent.Data.Tables.TableSurvey.Of(csv, TestContext.Current.CancellationToken);
        using var stream = File.Create(_folder["in" + type]);
        using var writer = FinIntent.Data.Tables.TableWriter.Open(stream, type, survey.Columns, []);
        foreach (var row in FinIntent.Data.Rows.DataFile.Read(csv)) writer.Write(row, []);
        writer.Finish();
        return _folder["in" + type];
    }
}
