using System.Text.Json;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation;
using FinIntent.Tests.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class ReportCommandTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Numbers_are_under_the_documented_paths()
    {
        var both = Write("both", "AAB?", p =>
            p with { Probabilities = Answers.Scored(Answers.Set("both", "A", "C")).Predictions[0].Probabilities });

        CommandLine.Run(ReportCommand.Build(), Write("a", "AABC"), both, "--out", _folder["out"], "--json", _folder["r.json"]);

        var json = JsonDocument.Parse(File.ReadAllText(_folder["r.json"])).RootElement;
        var model = json.GetProperty("models")[1];
        Assert.Equal("both", model.GetProperty("name").GetString());
        foreach (var (rule, accuracy) in ((string, double)[])[("strict", 0.75), ("lenient", 0.75), ("last_capital", 0.75),
            ("flexible", 0.75), ("scored", 0)])
        {
            var numbers = model.GetProperty(rule);
            Assert.Equal(accuracy, numbers.GetProperty("accuracy").GetDouble());
            Assert.Equal(2, numbers.GetProperty("wilson95").GetArrayLength());
            Assert.InRange(numbers.GetProperty("macro_f1").GetDouble(), 0, 1);
            Assert.InRange(numbers.GetProperty("mcc").GetDouble(), -1, 1);
            Assert.Equal(2, numbers.GetProperty("per_class").GetProperty("A").GetProperty("count").GetInt32());
            Assert.Equal(4, numbers.GetProperty("confusion")[0].GetArrayLength());
        }
        Assert.Equal(4, model.GetProperty("text_and_scores_differ").GetInt32());
        Assert.False(json.GetProperty("models")[0].TryGetProperty("scored", out _));
        Assert.Equal(["strict", "lenient", "last_capital", "flexible"], json.GetProperty("pairs").EnumerateArray()
            .Select(p => p.GetProperty("rule").GetString()));
        var pair = json.GetProperty("pairs")[0];
        Assert.Equal(("a", "both", 0, 0, 1.0, 1.0), (pair.GetProperty("a").GetString(), pair.GetProperty("b").GetString(),
            pair.GetProperty("fixed").GetInt32(),
            pair.GetProperty("broken").GetInt32(), pair.GetProperty("p").GetDouble(), pair.GetProperty("p_holm").GetDouble()));
    }

    [Fact]
    public void The_baseline_is_compared_with_each_and_need_not_be_among_the_files()
    {
        string[] files = [Write("a", "AABC"), Write("b", "BBBC"), Write("base", "ACBC")];

        CommandLine.Run(ReportCommand.Build(), [.. files, "--baseline", files[2], "--out", _folder["out"], "--json", _folder["1.json"]]);
        CommandLine.Run(ReportCommand.Build(), [.. files[..2], "--baseline", files[2], "--out", _folder["out"], "--json",
            _folder["2.json"]]);

        Assert.Equal(["base a", "base b"], Pairs("1.json"));
        Assert.Equal(["base a", "base b"], Pairs("2.json"));
    }

    [Fact]
    public void The_same_files_give_the_same_bytes_and_the_language_is_a_choice()
    {
        string[] files = [Write("a", "AABC"), Write("b", "BBBC")];
        foreach (var (name, language) in new[] { ("1", "zh"), ("2", "zh"), ("3", "en") })
            CommandLine.Run(ReportCommand.Build(), [.. files, "--out", _folder[name], "--json", _folder[$"{name}/r.json"],
                "--language", language]);

        foreach (var file in new[] { "report.html", "report.md", "r.json" })
            Assert.Equal(File.ReadAllBytes(_folder["1/" + file]), File.ReadAllBytes(_folder["2/" + file]));
        Assert.StartsWith("# 评测报告\n", File.ReadAllText(_folder["1/report.md"]));
        Assert.StartsWith("# Evaluation report\n", File.ReadAllText(_folder["3/report.md"]));
        Assert.Contains("<html lang=\"en\">", File.ReadAllText(_folder["3/report.html"]));
    }

    [Fact]
    public void The_table_has_a_line_a_model_and_rule_and_says_what_is_not_comparable()
    {
        var printed = CommandLine.Run(ReportCommand.Build(), Write("a", "AABC"), Write("b", "BBB", shown: 3), "--out", _folder["out"]);

        Assert.Contains("""
            Model  Reading       Right  Accuracy  95 % interval  Macro-F1    MCC
            a      strict          3/4    75.0 %      30.1–95.4    55.6 %  0.671
            """.ReplaceLineEndings("\n"), printed);
        Assert.Contains("a     b   lenient               3      0       2            −66.7  0.500     0.500\n", printed);
        Assert.Contains("only a has 1 question (id 3). They are compared on the 3 questions in common.", printed);
    }

    IEnumerable<string> Pairs(string file) => JsonDocument.Parse(File.ReadAllText(_folder[file])).RootElement.GetProperty("pairs")
        .EnumerateArray()
        .Select(p => $"{p.GetProperty("a").GetString()} {p.GetProperty("b").GetString()}").Distinct();

    string Write(string name, string answers, Func<Prediction, Prediction>? change = null, int shown = 4) =>
        _folder.Write($"{name}.jsonl", string.Concat(Answers.Changed(Answers.Set(name, "AABB"[..shown], answers), change
            ?? (p => p)).Predictions.Select(p => p.ToLine() + "\n")));
}
