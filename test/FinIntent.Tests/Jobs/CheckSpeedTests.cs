using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Jobs.Checks;
using FinIntent.Models;
using FinIntent.Settings;
using FinIntent.Tests.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Jobs;

/// <summary>
/// Explicit, because others at work on the machine would make it fail: FinIntent.Tests -class FinIntent.Tests.Jobs.CheckSpeedTests
/// -explicit only.
/// </summary>
[Collection(MeasuringCollection.Name)]
[Trait("tier", "demand")]
public sealed class CheckSpeedTests
{
    const int Rows = 10_000;

    [Theory(Explicit = true)]
    [InlineData("embedded", "default")]
    [InlineData("qwen3", "qwen3_nothink")]
    public void Ten_thousand_rows_are_checked_in_five_seconds(string tokenizer, string template)
    {
        using var folder = new TemporaryFolder();
        folder.Write("dataset_info.json", """{"train": {"file_name": "train.jsonl"}, "eval": {"file_name": "eval.jsonl"}}""");
        var random = new Random(5);
        WriteRows(folder["train.jsonl"], Rows, random);
        WriteRows(folder["eval.jsonl"], 500, random);
        var model = tokenizer == "embedded" ? Path.Combine(Reference.Root, "models", "finintent-8m") : Model(folder["model"]);
        var file = folder.Write("train.yaml", $"""
            model_name_or_path: {model}
            template: {template}
            dataset: train
            eval_dataset: eval
            dataset_dir: {folder.Path}
            output_dir: {folder["out"]}
            """);

        using var process = Process.GetCurrentProcess();
        var (watch, before) = (Stopwatch.StartNew(), process.TotalProcessorTime);
        var report = CheckJob.Run(file, [], new(TextWriter.Null, TextWriter.Null));
        var seconds = watch.Elapsed.TotalSeconds;
        process.Refresh();

        Console.WriteLine($"{tokenizer}: {Rows} rows checked in {seconds:F2} s " +
            $"({(process.TotalProcessorTime - before).TotalSeconds:F2} s of " +
            $"processor time); {report.Errors} errors, {report.Warnings} warnings");
        Assert.Equal(Rows, (int)report.Facts["training_rows"]!);
        Assert.Equal(0, report.Errors);
        Assert.InRange(seconds, 0, 5);
    }

    /// <summary>A narrow model of random weights with Qwen3's tokenizer.</summary>
    static string Model(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(RealTokenizers.Folder("qwen3")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Reference.Root, "models", "finintent-8m", "config.json")))!;
        foreach (var (key, value) in new[] { ("vocab_size", 151_936), ("hidden_size", 32), ("intermediate_size", 64),
            ("num_hidden_layers", 2), ("num_attention_heads", 2), ("num_key_value_heads", 1) })
            config[key] = value;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        using var model = RandomModel.Create(config.Deserialize<JsonElement>(), new(ScalarType.BFloat16, CPU), seed: 1);
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"),
            model.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)));
        return folder;
    }

    static void WriteRows(string path, int count, Random random)
    {
        const string Characters = "今天大盘怎么样板块基金股票涨跌买卖账户开通费率新能源半导体白酒医药银行证券指数资金流入流出";
        File.WriteAllLines(path, Enumerable.Range(0, count).Select(i =>
        {
            var question = string.Concat(Enumerable.Range(0, random.Next(12, 30)).Select(_ => Characters[random.Next(Characters.Length)]));
            var instruction = IntentPrompt.For($"{question}{i}", IntentOptions.OpenFinData).Text;
            return new JsonObject { ["instruction"] = instruction, ["output"] = $"{(char)('A' + (i % 5))}" }.ToJsonString();
        }));
    }
}
