using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class ModelReportTests
{
    // gold A, B, C, B; read strictly B alone is a letter, leniently three are, by the last capital all but none are.
    static readonly Prediction[] Four =
    [
        Of("0", "A", "选项A，行业。", 0.7, 0.2, 0.1),
        Of("1", "B", "B", 0.3, 0.4, 0.3),
        Of("2", "C", "A或C", 0.6, 0.3, 0.1),
        Of("3", "B", "不知道", 0.1, 0.8, 0.1),
    ];

    [Fact]
    public void Every_rule_reads_the_same_answers_its_own_way()
    {
        var report = ModelReport.Of("m", Four);

        Assert.Equal(["strict", "lenient", "last_capital", "flexible", "scored"], report.Rules.Select(r => r.Rule));
        Assert.Equal([1, 2, 3, 2, 3], report.Rules.Select(r => r.Matrix.Accuracy.Successes));
        Assert.Equal([3, 2, 1, 2, 0], report.Rules.Select(r => Enumerable.Range(0, 3).Sum(gold => r.Matrix[gold, r.Matrix.Unreadable])));
        Assert.Equal(new Proportion(2, 4), report.Disagreements);
        Assert.Same(report.Scored, report.Main);
    }

    [Fact]
    public void Without_probabilities_there_is_no_scored_and_without_text_only_scored()
    {
        Assert.Equal(["strict", "lenient", "last_capital", "flexible"],
            ModelReport.Of("m", [.. Four.Select(p => p with { Probabilities = null })]).Rules.Select(r => r.Rule));
        Assert.Equal(["scored"], ModelReport.Of("m", [.. Four.Select(p => p with { Output = null })]).Rules.Select(r => r.Rule));
        Assert.Throws<UserErrorException>(() =>
            ModelReport.Of("m", [Four[0] with { Output = null }, Four[1] with { Probabilities = null }]));
    }

    [Fact]
    public void When_letters_change_their_meaning_intents_are_counted()
    {
        var turned = Four[0] with { Options = new Dictionary<string, string> { ["A"] = "大盘", ["B"] = "行业", ["C"] = "个股" } };

        var report = ModelReport.Of("m", [Four[0], turned]);

        Assert.Equal(["行业", "个股", "大盘"], report.Classes.Select(c => c.Label));
        Assert.Equal([1, 0, 1], report.Scored!.Matrix.PerClass.Select(c => c.Count));
        Assert.Equal(2, report.Scored.Matrix.Accuracy.Successes);
    }

    [Fact]
    public void A_gold_that_is_missing_or_no_option_is_refused()
    {
        Assert.Contains("no gold", Assert.Throws<UserErrorException>(() => ModelReport.Of("m", [Four[0] with { Gold = null }])).Message);
        Assert.Contains("\"E\"", Assert.Throws<UserErrorException>(() => ModelReport.Of("m", [Four[0] with { Gold = "E" }])).Message);
    }

    [Fact]
    public void The_text_has_a_line_a_rule_and_a_table_a_rule()
    {
        var text = ReportText.Of(ModelReport.Of("saves/qwen", Four), Language.English);

        Assert.Contains("saves/qwen: 4 questions\n", text);
        Assert.Contains("""
            Reading         Right  Accuracy  95 % interval  Macro-F1    MCC
            strict            1/4    25.0 %       4.6–69.9    22.2 %  0.258
            lenient           2/4    50.0 %      15.0–85.0    55.6 %  0.500
            last capital      3/4    75.0 %      30.1–95.4    88.9 %  0.730
            flexible          2/4    50.0 %      15.0–85.0    55.6 %  0.500
            option scoring    3/4    75.0 %      30.1–95.4    55.6 %  0.671
            """.ReplaceLineEndings("\n"), text);
        Assert.Contains("Text (lenient) and probabilities choose differently: 2/4\n", text);
        Assert.Contains("""
            strict: Confusion matrix: rows are right answers, columns the model's
            Class   Questions  Precision  Recall      F1  A  B  C  Unreadable
            A 行业          1      0.0 %   0.0 %   0.0 %  0  0  0           1
            B 个股          2    100.0 %  50.0 %  66.7 %  0  1  0           1
            C 大盘          1      0.0 %   0.0 %   0.0 %  0  0  0           1
            """.ReplaceLineEndings("\n"), text);
    }

    [Fact]
    public void The_JSON_has_the_numbers_under_each_rule()
    {
        var json = ReportJson.ModelOf(ModelReport.Of("m", Four));

        Assert.Equal(0.25, (double)json["strict"]!["accuracy"]!);
        Assert.Equal(2, json["lenient"]!["wilson95"]!.AsArray().Count);
        Assert.Equal(2, (int)json["scored"]!["per_class"]!["B"]!["count"]!);
        Assert.Equal([0, 1, 0, 1], json["strict"]!["confusion"]![1]!.AsArray().Select(n => (int)n!));
        Assert.NotNull(json["scored"]!["ece"]);
    }

    static Prediction Of(string id, string gold, string output, double a, double b, double c) => new()
    {
        Id = id,
        Question = "q" + id,
        Gold = gold,
        Output = output,
        Probabilities = new Dictionary<string, double> { ["A"] = a, ["B"] = b, ["C"] = c },
        Options = new Dictionary<string, string> { ["A"] = "行业", ["B"] = "个股", ["C"] = "大盘" },
        Model = "m",
    };
}
