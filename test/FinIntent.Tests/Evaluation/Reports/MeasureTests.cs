using System.Net;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation.Reports;

/// <summary>A measure is said once, so that every renderer has it in every language.</summary>
public sealed class MeasureTests
{
    const string Gold = "AABBCCAABB";

    static readonly Comparison Report = Comparison.Of([Answers.Scored(Answers.Set("half", Gold, "AABBCBBBCA")),
        Answers.Scored(Answers.Set("all", Gold, Gold))]);

    [Theory]
    [InlineData(nameof(Language.English))]
    [InlineData(nameof(Language.Chinese))]
    public void Every_measure_is_a_column_of_text_Markdown_and_page(string named)
    {
        var language = Enum.Parse<Language>(named);
        string[] renderings = [ReportText.Of(Report, language), ReportMarkdown.Of(Report, language),
            WebUtility.HtmlDecode(ReportHtml.Of(Report, language))];

        // Half of ten are right: 5 · 10 − (4 · 3 + 4 · 5 + 2 · 2) over the root of (100 − 36) · (100 − 38).
        foreach (var rendering in renderings)
        {
            foreach (var measure in ReportTables.Measures) Assert.Contains(measure.Heading.In(language), rendering);
            Assert.Contains("0.222", rendering);
            Assert.Contains("1.000", rendering);
        }
    }

    [Fact]
    public void A_measures_number_stands_in_the_JSON_under_its_key()
    {
        var rule = ReportJson.Of(Report)["models"]![0]!["scored"]!;

        Assert.Equal(14 / Math.Sqrt(64 * 62), (double)rule["mcc"]!, 1e-12);
        Assert.Equal((5, 0.5), ((int)rule["correct"]!, (double)rule["accuracy"]!));
    }

    [Fact]
    public void The_table_of_a_terminal_is_Chinese_and_its_columns_are_straight()
    {
        var lines = ReportText.Short(Report, Language.Chinese).Split('\n');

        Assert.Equal("模型   答对   准确率   95 % 区间    宏 F1    MCC", lines[0]);
        Assert.Equal("half   5/10   50.0 %   23.7–76.3   50.5 %  0.222", lines[1]);
        Assert.Equal("all   10/10  100.0 %  72.2–100.0  100.0 %  1.000", lines[2]);
    }
}
