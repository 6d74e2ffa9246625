using System.Text.Json;
using System.Text.RegularExpressions;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation.Reports;

public sealed class ReportPageTests
{
    const string Nasty = "<script>alert(1)</script> \"双引号\" & '单引号'\n第二行 </script><!-- {{body}} | `x` *y* [z](http://a) <img src=x " +
        "onerror=alert(1)>";

    static Comparison Report { get; } = Comparison.Of(
    [
        Answers.Changed(Answers.Set("a<b> & \"c\"", "AABBC", "AAB?C"), p => p.Id == "3" ? p with { Question = Nasty, Output = Nasty } : p),
        Answers.Changed(Answers.Set("tuned", "AABBC", "AABBA"), p => p.Id == "3" ? p with { Question = Nasty } : p),
    ]);

    [Fact]
    public void Untrusted_text_is_text_in_the_page()
    {
        var html = ReportHtml.Of(Report, Language.Chinese);

        Assert.DoesNotContain("<script>alert", html);
        Assert.DoesNotContain("<img", html);
        Assert.DoesNotContain("<b>", html);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;双引号&quot; &amp; &#39;单引号&#39;\n第二行", html);
        // A placeholder of the template in a question is not filled.
        Assert.Contains("{{body}}", html);
        Assert.Equal(2, Regex.Count(html, "</script>"));
    }

    [Fact]
    public void The_pages_data_are_JSON_with_the_same_text()
    {
        var html = ReportHtml.Of(Report, Language.Chinese);
        var data = JsonDocument.Parse(Regex.Match(html, """<script type="application/json" id="data">(.*?)</script>""").Groups[
            1].Value).RootElement;

        Assert.Equal(Nasty, data.GetProperty("questions")[3][1].GetString());
        Assert.Equal("a<b> & \"c\"", data.GetProperty("models")[0].GetProperty("name").GetString());
        // Question 3: gold B, read by no rule (the last capital of the text is none of the options).
        Assert.Equal("""[3,1,[-1,-1,-1,-1]""", data.GetProperty("models")[0].GetProperty("answers")[3].GetRawText()[..18]);
    }

    [Fact]
    public void The_page_loads_nothing_and_runs_only_its_own_script()
    {
        var html = ReportHtml.Of(Report, Language.English);

        Assert.DoesNotMatch("""(?i)<[a-z][^>]*\s(src|href|style|on[a-z]+)\s*=|@import|url\(|fetch\(""", html);
        Assert.Matches("content=\"default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'\"", html);
        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", html);
    }

    [Fact]
    public void Everything_is_there_without_the_script()
    {
        var html = ReportHtml.Of(Report, Language.Chinese);
        var body = html[..html.IndexOf("<script type=\"application/json\"", StringComparison.Ordinal)];

        // Both right 3, fixed 1 (question 3), broken 1 (question 4); those that changed come first.
        Assert.Equal(["fixed", "broken", "both-right", "both-right", "both-right"], Regex.Matches(body, "<tr class=\"(.*?)\">")
            .Select(m => m.Groups[1].Value));
        Assert.Contains("<td class=\"n main\">80.0 %<small>4/5</small></td>", body);
        Assert.Contains("<svg class=\"interval\"", body);
        Assert.Contains("混淆矩阵", body);
        Assert.Contains("Confusion matrix", body);
    }

    [Fact]
    public void Every_word_is_there_in_both_languages()
    {
        var html = ReportHtml.Of(Report, Language.Chinese);

        Assert.Equal(Regex.Count(html, "<span class=\"zh\" lang=\"zh\">[^<]+</span>"),
            Regex.Count(html, "<span class=\"en\" lang=\"en\">[^<]+</span>"));
    }

    [Fact]
    public void Untrusted_text_is_text_in_Markdown_and_a_row_is_a_line()
    {
        var markdown = ReportMarkdown.Of(Report, Language.English);

        Assert.Contains(
            """| Fixed | 3 | \<script\>alert(1)\</script\> "双引号" \& '单引号'<br>第二行 \</script\>\<!-- {{body}} \| \`x\` \*y\* \[z\](http://a) \<img src=x onerror=alert(1)\> | B 个股 | Unreadable | B 个股 |""", markdown);
        Assert.Contains("""| a\<b\> \& "c" | strict | 4/5 | 80.0 % |""".Replace("strict", "lenient"), markdown);
        foreach (var table in markdown.Split("\n\n").Where(part => part.StartsWith('|')))
            Assert.Single(table.TrimEnd('\n').Split('\n').Select(row => Regex.Count(row, @"(?<!\\)\|")).Distinct());
    }

    [Fact]
    public void The_same_predictions_give_the_same_bytes()
    {
        var again = Comparison.Of([.. Report.Models.Select(m => new PredictionSet(m.Name, "", m.Predictions))]);

        Assert.Equal(ReportHtml.Of(Report, Language.Chinese), ReportHtml.Of(again, Language.Chinese));
        Assert.Equal(ReportMarkdown.Of(Report, Language.English), ReportMarkdown.Of(again, Language.English));
        Assert.Equal(ReportJson.Of(Report).ToJsonString(), ReportJson.Of(again).ToJsonString());
    }

    [Fact]
    public void Probabilities_bring_calibration_and_its_drawing()
    {
        var html = ReportHtml.Of(Comparison.Of([Answers.Scored(Answers.Set("m", "AABBC", "AABCC"))]), Language.English);

        Assert.Contains("<svg class=\"reliability\"", html);
        // Four of five right at 0.8 each: one bin, (0.7, 0.8], on the diagonal.
        Assert.Contains("<td class=\"n\">70.0–80.0</td><td class=\"n\">5</td><td class=\"n\">80.0 %</td><td class=\"n\">80.0 %</td>", html);
        Assert.Contains("<dd>0.000</dd>", html);
    }

    [Fact]
    public void Robustness_is_drawn_and_told_in_both_languages_and_its_text_is_text()
    {
        var report = Comparison.Of(Answers.WithRobustness(Report.Models[0], Nasty));
        var html = ReportHtml.Of(report, Language.Chinese);
        var markdown = ReportMarkdown.Of(report, Language.English);

        Assert.Contains("<section id=\"robustness\">", html);
        // Rotations of three options, two questions that are right in 3 and 2 of them: two accuracies.
        Assert.Equal(2, Regex.Count(Regex.Match(html, "<svg class=\"spread\".*?</svg>").Value, "<rect"));
        Assert.Equal(3, Regex.Count(html, "<svg class=\"bar\""));
        Assert.Contains("<td class=\"n\">83.3 %<small>", html);
        Assert.Equal(Regex.Count(html, "<span class=\"zh\" lang=\"zh\">[^<]+</span>"),
            Regex.Count(html, "<span class=\"en\" lang=\"en\">[^<]+</span>"));
        Assert.DoesNotContain("<script>alert", html);
        Assert.DoesNotContain("<img", html);
        Assert.Contains("2 questions, 3 orders of the options. By lenient, mean accuracy is 83.3 %", markdown);
        Assert.Contains("from 50.0 % (CAB) to 100.0 % (ABC); 1/2 questions are given the same intent in every order, 1 of them rightly.",
            markdown);
        foreach (var table in markdown.Split("\n\n").Where(part => part.StartsWith('|')))
            Assert.Single(table.TrimEnd('\n').Split('\n').Select(row => Regex.Count(row, @"(?<!\\)\|")).Distinct());
        Assert.Equal(html, ReportHtml.Of(Comparison.Of(Answers.WithRobustness(Report.Models[0], Nasty)), Language.Chinese));
    }
}
