using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation.Reports;

public sealed class RunSpreadTests
{
    // Three runs of four questions: 2, 3 and 4 right.
    static readonly string[] Gold = ["A", "B", "A", "B"];
    static readonly string[][] Runs = [["A", "B", "B", "A"], ["A", "B", "A", "A"], ["A", "B", "A", "B"]];

    [Fact]
    public void Mean_and_deviation_are_those_of_the_accuracies()
    {
        var spread = RunSpread.Of([.. Runs.Select(Report)], "strict")!;

        Assert.Equal((3, 0.75, 0.5, 1.0), (spread.Count, spread.Mean, spread.Lowest, spread.Highest));
        Assert.Equal(0.25, spread.Deviation, 12); // √(((−¼)² + 0 + ¼²) / 2)
        Assert.Equal(new Proportion(2, 4), spread.Unsteady);
    }

    [Fact]
    public void One_run_has_no_deviation_and_no_run_no_spread()
    {
        Assert.Equal(double.NaN, RunSpread.Of([Report(Runs[0])], "strict")!.Deviation);
        Assert.Null(RunSpread.Of([], "strict"));
        Assert.Null(RunSpread.Of([Report(Runs[0])], "scored"));
    }

    [Fact]
    public void A_study_begins_with_base_tuned_gain_and_the_tests_against_the_base()
    {
        List<PredictionSet> sets = [.. Runs.Prepend(["B", "B", "B", "B"])
            .Select((answers, i) => new PredictionSet($"m{i}", $"{i}", Predictions(answers, $"m{i}")))];
        var report = Comparison.Of(sets, [(0, 1), (0, 2), (0, 3)]) with
        {
            Groups =
            [new("m", 0, [1, 2, 3]), new("lost", null, [], "no such folder")]
        };

        var (study, markdown, html) = (ReportText.Study(report, Language.English), ReportMarkdown.Of(report, Language.English),
            ReportHtml.Of(report, Language.English));

        Assert.Contains("75.0 % ± 25.0 (3: 50.0–100.0)", study);
        Assert.Contains("+25.0", study);
        Assert.Contains("1/1; 2/1; 2/0", study);
        Assert.Contains("Not finished: lost: no such folder", study);
        foreach (var page in new[] { markdown, System.Net.WebUtility.HtmlDecode(html) })
        {
            Assert.Contains("75.0 % ± 25.0", page);
            Assert.Contains("no such folder", page);
            Assert.Contains("2/4", page);
        }
        var group = ReportJson.Of(report)["groups"]![0]!;
        Assert.Equal((0.75, 0.25, 2), ((double)group["mean_accuracy"]!, (double)group["standard_deviation"]!,
            (int)group["not_always_answered_alike"]!));
    }

    static ModelReport Report(string[] answers) => ModelReport.Of("m", Predictions(answers, "m"));

    static List<Prediction> Predictions(string[] answers, string model) => [.. answers.Select((answer, i) => new Prediction
    {
        Id = $"{i}",
        Question = $"q{i}",
        Gold = Gold[i],
        Output = answer,
        Options = new Dictionary<string, string> { ["A"] = "大盘", ["B"] = "个股" },
        Model = model,
    })];
}
