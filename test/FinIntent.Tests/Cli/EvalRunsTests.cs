using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class EvalRunsTests : IDisposable
{
    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Each_adapter_is_evaluated_by_itself_and_their_spread_is_told()
    {
        var other = Adapter("other", "lora_init");

        var printed = Eval($"eval_adapters={_tiny.Adapter},{other}", "scoring=options");
        Eval($"adapter_name_or_path={_tiny.Adapter}", "scoring=options", "output_dir=" + _tiny["alone"]);

        var (first, second) = (PredictionFile.Read(_tiny["out/predictions_1.jsonl"]),
            PredictionFile.Read(_tiny["out/predictions_2.jsonl"]));
        Assert.Equal([_tiny.Adapter, other], [first[0].Model, second[0].Model]);
        Assert.Equal(PredictionFile.Read(_tiny["alone/predictions.jsonl"]).Select(p => p.Probabilities!["A"]),
            first.Select(p => p.Probabilities!["A"]));
        Assert.NotEqual(first[0].Probabilities!["A"], second[0].Probabilities!["A"]);
        var group = JsonNode.Parse(File.ReadAllText(_tiny["out/summary.json"]))!["groups"]![0]!;
        Assert.Equal(2, group["runs"]!.AsArray().Count);
        Assert.Contains("2 runs", printed);
    }

    [Fact]
    public void Sampled_answers_with_several_seeds_are_runs_of_their_own_and_can_be_repeated()
    {
        string[] sampled = ["scoring=generate", "do_sample=true", "temperature=2.0", "eval_seeds=1,2", "max_new_tokens=8"];

        Eval(sampled);
        Eval([.. sampled, "output_dir=" + _tiny["again"]]);

        Assert.Equal(File.ReadAllBytes(_tiny["out/predictions_1.jsonl"]), File.ReadAllBytes(_tiny["again/predictions_1.jsonl"]));
        Assert.NotEqual(PredictionFile.Read(_tiny["out/predictions_1.jsonl"]).Select(p => p.Output),
            PredictionFile.Read(_tiny["out/predictions_2.jsonl"]).Select(p => p.Output));
    }

    [Fact]
    public void Runs_that_would_not_differ_are_refused()
    {
        Assert.Contains("eval_seeds: the answers do not depend on a seed",
            Assert.Throws<UserErrorException>(() => Eval("eval_seeds=1,2")).Message);
        Assert.Contains("is given 2 times", Assert.Throws<UserErrorException>(() =>
            Eval($"eval_adapters={_tiny.Adapter},{_tiny.Adapter}")).Message);
    }

    string Adapter(string name, string weights)
    {
        Directory.CreateDirectory(_tiny[name]);
        foreach (var file in Directory.GetFiles(_tiny.Adapter)) File.Copy(file, Path.Combine(_tiny[name], Path.GetFileName(file)));
        using var fixture = Contracts.ParityFixture.Open("qwen2");
        File.Copy(Path.Combine(fixture.Folder, weights, "adapter_model.safetensors"),
            Path.Combine(_tiny[name], "adapter_model.safetensors"), overwrite: true);
        return _tiny[name];
    }

    string Eval(params string[] overrides) => CommandLine.Run(EvalCommand.Build(), [_tiny.Write("eval.yaml", $$"""
        model_name_or_path: {{_tiny.Model}}
        template: qwen
        output_dir: {{_tiny["out"]}}
        eval_file: {{_tiny.Write("q.jsonl", "{\"instruction\": \"问句: 茅台\\nA. 大盘\\nB. 个股\", \"output\": \"B\"}\n{\"instruction\": \"问句: 今天涨了吗\\nA. 大盘\\nB. 个股\", \"output\": \"A\"}")}}
        """), .. overrides]);
}
