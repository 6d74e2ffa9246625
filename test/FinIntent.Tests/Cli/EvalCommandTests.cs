using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class EvalCommandTests : IDisposable
{
    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_run_prints_and_writes_every_rule_and_repeats_byte_for_byte()
    {
        var printed = Eval("output_dir=" + _tiny["one"], "run_name=tiny");
        var again = Eval("output_dir=" + _tiny["two"], "run_name=tiny");

        Assert.Equal(printed.Replace("one", "two"), again);
        foreach (var name in new[] { "predictions.jsonl", "summary.json", "summary.txt", "predictions.run.json", "report.html",
            "report.md" })
            Assert.Equal(File.ReadAllBytes(_tiny["one/" + name]), File.ReadAllBytes(_tiny["two/" + name]));
        var model = JsonDocument.Parse(File.ReadAllText(_tiny["one/summary.json"])).RootElement.GetProperty("models")[0];
        foreach (var rule in new[] { "strict", "lenient", "last_capital", "flexible", "scored" })
        {
            Assert.Contains(ReportWords.Rule(rule).English, printed);
            Assert.Equal(2, model.GetProperty(rule).GetProperty("wilson95").GetArrayLength());
            Assert.True(File.Exists(_tiny[$"one/confusion_{rule}.png"]));
        }
        Assert.Equal(["0", "1", "2"], PredictionFile.Read(_tiny["one/predictions.jsonl"]).Select(p => p.Id));
    }

    [Fact]
    public void Changed_weights_or_questions_do_not_reuse_old_predictions()
    {
        var folder = "output_dir=" + _tiny["out"];
        Eval(folder);

        File.Delete(Path.Combine(_tiny.Adapter, "adapter_model.safetensors"));
        using (var fixture = Contracts.ParityFixture.Open("qwen2"))
            File.Copy(Path.Combine(fixture.Folder, "lora_init", "adapter_model.safetensors"),
                Path.Combine(_tiny.Adapter, "adapter_model.safetensors"));
        var error = Assert.Throws<UserErrorException>(() => Eval(folder));
        Eval(folder, "overwrite_output_dir=true");

        Assert.Contains("adapter_fingerprints", error.Message);
    }

    [Fact]
    public void Questions_that_the_adapter_was_trained_on_are_refused()
    {
        var rows = _tiny.Write("rows.jsonl", """{"instruction": "新股怎么申购", "output": "D"}""" + "\n"
            + """{"instruction": "请问怎么改密码", "output": "D"}""");
        _tiny.Write("dataset_info.json", """{"mine": {"file_name": "rows.jsonl"}}""");
        var run = JsonNode.Parse(File.ReadAllText(Path.Combine(_tiny.Adapter, "run.json")))!;
        (run["settings"], run["dataset_dir"]) = (JsonNode.Parse("""{"dataset": ["mine"], "seed": 1}"""), Path.GetDirectoryName(rows));
        _tiny.Write("adapter/run.json", run.ToJsonString());

        var error = Assert.Throws<UserErrorException>(() => Eval("output_dir=" + _tiny["out"]));
        Eval("output_dir=" + _tiny["out"], "allow_leak=true");
        var summary = JsonNode.Parse(File.ReadAllText(_tiny["out/summary.json"]))!;
        _tiny.Write("dataset_info.json", """{"mine": {"file_name": "gone.jsonl"}}""");
        Eval("output_dir=" + _tiny["out"]);

        Assert.Contains($"{rows}:2 \"请问怎么改密码\" – {_tiny["intents.json"]}:1 \"怎么改密码\" (", error.Message);
        Assert.Contains("allow_leak: true", error.Message);
        Assert.Equal(1, (int)summary["models"]![0]!["leaked_questions"]!);
    }

    [Fact]
    public void Without_a_file_to_evaluate_on_the_key_is_named()
    {
        Assert.Contains("eval_file", Assert.Throws<UserErrorException>(() => Eval("eval_file=null")).Message);
    }

    string Eval(params string[] overrides)
    {
        var questions = _tiny.Write("intents.json",
            JsonSerializer.Serialize(new[] { "大盘怎么样", "茅台", "怎么改密码" }.Select((q, i) => new Dictionary<string, string>
            {
                ["id"] = $"{i}",
                ["question"] = $"请给出正确选项。\n问句:{q}",
                ["A"] = "行业板块问询",
                ["B"] = "个股问询",
                ["C"] = "大盘问询",
                ["D"] = "客服问询",
                ["E"] = "基金问询",
                ["answer"] = "CBD"[i].ToString(),
            })));
        return CommandLine.Run(EvalCommand.Build(), [_tiny.Write("eval.yaml", $"""
            model_name_or_path: {_tiny.Model}
            adapter_name_or_path: {_tiny.Adapter}
            template: qwen
            eval_file: {questions}
            max_new_tokens: 4
            """), .. overrides]);
    }
}
