using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

/// <summary>200 intents that are answered by their names, the whole way of an evaluation.</summary>
public sealed class ManyIntentsTests : IDisposable
{
    const int Intents = 200, Questions = 4;

    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Two_hundred_names_are_scored_written_and_reported()
    {
        var names = Enumerable.Range(0, Intents).Select(i => $"{"card loan cash rate"[(5 * (i % 4))..(5 * (i % 4) + 4)]} {i}").ToList();
        var schema = _tiny.Write("schema.yaml",
            $"name: many\nlanguage: en\nlabels: names\nintents:\n{string.Concat(names.Select(name => $"  - name: {name}\n"))}");
        var rows = _tiny.Write("rows.jsonl", string.Concat(Enumerable.Range(0, Questions)
            .Select(i => JsonSerializer.Serialize(new { question = $"q{i}", intent = names[50 * i] }) + "\n")));
        var yaml = _tiny.Write("eval.yaml", $"""
            model_name_or_path: {_tiny.Model}
            template: qwen
            eval_file: {rows}
            intent_schema: {schema}
            max_new_tokens: 4
            run_name: tiny
            output_dir: {_tiny["out"]}
            """);

        var printed = CommandLine.Run(EvalCommand.Build(), yaml);
        var permuted = CommandLine.Run(EvalCommand.Build(), yaml, "permutations=2", "scoring=options", "output_dir=" + _tiny["permuted"]);
        CommandLine.Run(ReportCommand.Build(), _tiny["out/predictions.jsonl"], "--out", _tiny["report"]);

        var predictions = PredictionFile.Read(_tiny["out/predictions.jsonl"]);
        Assert.Equal(names.Where((_, i) => i % 50 == 0), predictions.Select(p => p.Gold));
        Assert.All(predictions, p => Assert.Equal(1, p.Probabilities!.Values.Sum(), 1e-9));
        Assert.All(predictions, p => Assert.Equal(names, p.Probabilities!.Keys));
        Assert.DoesNotContain("last_capital", printed);
        Assert.Contains("The most frequent confusions", printed);
        Assert.True(printed.Split('\n').Max(line => line.Length) < 200);
        Assert.True(permuted.Split('\n').Max(line => line.Length) < 300, permuted.Split('\n').MaxBy(line => line.Length));
        Assert.InRange(new FileInfo(_tiny["permuted/report.html"]).Length, 1, 2_000_000);
        Assert.InRange(new FileInfo(_tiny["out/report.html"]).Length, 1, 2_000_000);
        Assert.InRange(new FileInfo(_tiny["out/confusion_scored.png"]).Length, 1, 2_000_000);
        Assert.Equal(Intents, JsonNode.Parse(File.ReadAllText(_tiny["out/summary.json"]))!["models"]![0]!["classes"]!.AsObject().Count);
    }

    [Fact]
    public void Another_order_of_the_names_is_the_same_question()
    {
        var names = Enumerable.Range(0, Intents).Select(i => $"intent {i}").ToList();
        var prompt = IntentPrompt.For("q", IntentOptions.Named(names), PromptWording.EnglishNames);

        var turned = prompt.With([.. names.Skip(7), .. names.Take(7)]);

        Assert.Equal(names[7], turned.Options[0].Label);
        Assert.Equal(prompt.Text, turned.With(names).Text);
        Assert.Equal(names.Order(), IntentPrompt.Parse(turned.Text)!.Options.Select(o => o.Name).Order());
    }
}
