using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Intents;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class PermutationsTests : IDisposable
{
    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void Every_order_is_asked_once_and_the_predictions_stay_as_they_are()
    {
        Eval("plain", Letters);
        var printed = Eval("one", Letters, "permutations=rotations");
        var again = Eval("two", Letters, "permutations=rotations");

        Assert.Equal(Bytes("plain/predictions.jsonl"), Bytes("one/predictions.jsonl"));
        Assert.Equal(printed.Replace("one", "two"), again);
        foreach (var name in new[] { "permutations.jsonl", "permutations.run.json", "summary.json", "summary.txt", "report.html",
            "report.md" }) Assert.Equal(Bytes($"one/{name}"), Bytes($"two/{name}"));
        var lines = PredictionFile.Read(_tiny["one/permutations.jsonl"]);
        Assert.Equal(["0@ABC", "0@BCA", "0@CAB", "1@ABC", "1@BCA", "1@CAB"], lines.Select(p => p.Id));
        Assert.Equal(["行业", "大盘", "个股"], lines[2].Options!.Values);
        Assert.All(lines.Take(3), p => Assert.Equal("大盘", p.Options![p.Gold!]));
        // The questions' own order is not asked again.
        Assert.Equal(PredictionFile.Read(_tiny["one/predictions.jsonl"]).Select(p => p.ToLine()),
            new[] { 0, 3 }.Select(i => (lines[i] with { Id = lines[i].Id[..1] }).ToLine()));
        // A file like any other, which a report can read as a whole.
        Assert.Equal(6, PredictionSet.Read(_tiny["one/permutations.jsonl"]).Predictions.Count);

        Assert.Contains("2 questions, 3 orders of the options. By ", printed);
        var json = JsonNode.Parse(File.ReadAllText(_tiny["one/summary.json"]))!["models"]![0]!["robustness"]!;
        Assert.Equal((2, 3), ((int)json["questions"]!, (int)json["orders"]!));
        foreach (var rule in new[] { "strict", "lenient", "last_capital", "flexible", "scored" }) Assert.Equal(3,
            json[rule]!["by_order"]!.AsObject().Count);
        var mean = lines.Count(p => p.Choice == p.Gold) / 6.0;
        Assert.Equal(mean, (double)json["scored"]!["mean"]!, 1e-12);
        Assert.Contains("选项顺序", File.ReadAllText(_tiny["one/report.md"]));
        Assert.DoesNotContain("robustness", File.ReadAllText(_tiny["plain/summary.json"]));
    }

    [Fact]
    public void A_run_cut_anywhere_goes_on_to_the_same_bytes()
    {
        // All that is scored at once is a question and a half: batches end inside a question's orders.
        string[] settings = ["permutations=all", "scoring=options", "scoring_tokens=700"];
        Eval("out", Letters, settings);
        var whole = Bytes("out/permutations.jsonl");
        foreach (var cut in new[] { whole.Length - 1, whole.Length / 2, 200, 0 })
        {
            File.WriteAllBytes(_tiny["out/permutations.jsonl"], whole[..cut]);

            Eval("out", Letters, settings);

            Assert.Equal(whole, Bytes("out/permutations.jsonl"));
        }
    }

    [Fact]
    public void Other_orders_or_other_predictions_do_not_go_on_with_a_file()
    {
        Eval("out", Letters, "permutations=3", "scoring=options");

        Assert.Contains("permutations", Refusal("permutations=rotations", "scoring=options"));
        Assert.Contains("permutations_seed", Refusal("permutations=3", "scoring=options", "seed=1"));
        Assert.Contains("permutations: 7: 3 options have 6 orders", Refusal("permutations=7"));
        Assert.Contains("\"some\" is not one of rotations, all", Refusal("permutations=some"));
        Eval("out", Letters, "permutations=rotations", "scoring=options", "overwrite_output_dir=true");

        string Refusal(params string[] overrides) => Assert.Throws<UserErrorException>(() => Eval("out", Letters, overrides)).Message;
    }

    [Fact]
    public void Names_as_labels_are_permuted_as_a_list()
    {
        Eval("out", IntentOptions.Named(["大盘", "个股", "行业"]), "permutations=all");

        var lines = PredictionFile.Read(_tiny["out/permutations.jsonl"]);
        Assert.Equal(["0@1-2-3", "0@1-3-2", "0@2-1-3"], lines.Take(3).Select(p => p.Id));
        Assert.All(lines.Take(6), p => Assert.Equal("大盘", p.Gold));
        Assert.Equal(["个股", "大盘", "行业"], lines[2].Options!.Keys);
        var scored = JsonNode.Parse(File.ReadAllText(_tiny["out/summary.json"]))!["models"]![0]!["robustness"]!["scored"]!;
        Assert.Equal(["1", "2", "3"], scored["places"]!.AsObject().Select(p => p.Key));
        Assert.Equal(lines.Count(p => p.Choice == p.Gold) / 12.0, (double)scored["mean"]!, 1e-12);
    }

    static IReadOnlyList<IntentOption> Letters { get; } = IntentOptions.Lettered(["大盘", "个股", "行业"]);

    byte[] Bytes(string name) => File.ReadAllBytes(_tiny[name]);

    string Eval(string folder, IReadOnlyList<IntentOption> options, params string[] overrides)
    {
        var rows = new[] { "大盘怎么样", "茅台" }.Select((q, i) => new Dictionary<string,
            string>
        { ["instruction"] = IntentPrompt.For(q, options).Text, ["output"] = options[i].Label });
        return CommandLine.Run(EvalCommand.Build(), [_tiny.Write("eval.yaml", $"""
            model_name_or_path: {_tiny.Model}
            template: qwen
            eval_file: {_tiny.Write("rows.json", JsonSerializer.Serialize(rows))}
            max_new_tokens: 4
            run_name: tiny
            """), "output_dir=" + _tiny[folder], .. overrides]);
    }
}
