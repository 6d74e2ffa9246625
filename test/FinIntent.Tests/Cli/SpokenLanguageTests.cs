using FinIntent.Cli;
using FinIntent.Cli.Commands;
using FinIntent.Evaluation.Reports;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class SpokenLanguageTests
{
    [Theory]
    [InlineData(null, null, null, nameof(Language.English))]
    [InlineData(null, null, "C.UTF-8", nameof(Language.English))]
    [InlineData(null, null, "zh_CN.UTF-8", nameof(Language.Chinese))]
    [InlineData(null, "", "zh_CN.UTF-8", nameof(Language.Chinese))]
    [InlineData(null, "en_US.UTF-8", "zh_CN.UTF-8", nameof(Language.English))]
    [InlineData(null, "zh_TW", "en_US.UTF-8", nameof(Language.Chinese))]
    [InlineData("en", "zh_CN.UTF-8", null, nameof(Language.English))]
    [InlineData("zh", null, "en_US.UTF-8", nameof(Language.Chinese))]
    public void The_option_wins_over_the_environment(string? given, string? all, string? lang, string expected) =>
        Assert.Equal(expected, $"{SpokenLanguage.Of(given, name => name switch { "LC_ALL" => all, "LANG" => lang, _ => null }).Text}");

    [Fact]
    public void Reports_stay_Chinese_until_a_language_is_asked_for()
    {
        Assert.Equal(Language.Chinese, SpokenLanguage.Of(null, _ => "en_US.UTF-8").Reports);
        Assert.Equal(Language.English, SpokenLanguage.Of("en", _ => null).Reports);
        Assert.Equal(Language.Chinese, SpokenLanguage.Of("zh", _ => null).Reports);
    }

    [Fact]
    public void An_evaluation_speaks_the_language_and_its_numbers_stay_the_same()
    {
        using var tiny = new TinyChat();
        var questions = tiny.Write("questions.json", """[{"id": "0", "question": "大盘怎么样", "A": "个股问询", "B": "大盘问询", "answer": "B"}]""");
        var settings = tiny.Write("eval.yaml", $"""
            model_name_or_path: {tiny.Model}
            run_name: tiny
            template: qwen
            scoring: options
            eval_file: {questions}
            """);
        var command = EvalCommand.Build();
        command.Options.Add(SpokenLanguage.Option);

        var chinese = CommandLine.Run(command, settings, $"output_dir={tiny["zh"]}", "--lang", "zh");
        var english = CommandLine.Run(command, settings, $"output_dir={tiny["en"]}", "--lang", "en");

        Assert.StartsWith("tiny: 1 题\n\n读法      答对   准确率", chinese);
        Assert.StartsWith("tiny: 1 question\n\nReading         Right  Accuracy", english);
        Assert.StartsWith("# 评测报告\n", File.ReadAllText(tiny["zh/report.md"]));
        Assert.StartsWith("# Evaluation report\n", File.ReadAllText(tiny["en/report.md"]));
        foreach (var name in new[] { "summary.json", "predictions.jsonl", "predictions.run.json" })
            Assert.Equal(File.ReadAllText(tiny[$"en/{name}"]), File.ReadAllText(tiny[$"zh/{name}"]));
    }
}
