using System.Security.Cryptography;
using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>A report as one HTML file that loads nothing and can be read and printed without its script.</summary>
/// <remarks>A content security policy allows just its own style and script, by their hashes.</remarks>
static partial class ReportHtml
{
    public static string Of(Comparison report, Language language)
    {
        var (css, js) = (Resource.Text("Evaluation.Reports.report.css"), Resource.Text("Evaluation.Reports.report.js"));
        var values = new Dictionary<string, string>
        {
            ["lang"] = language == Language.Chinese ? "zh" : "en",
            ["title"] = Html.Escape(ReportWords.Title.In(language)),
            ["css"] = css,
            ["css-hash"] = Hash(css),
            ["js"] = js,
            ["js-hash"] = Hash(js),
            ["body"] = Body(report),
            ["data"] = PageData.Of(report),
        };
        return Placeholder().Replace(Resource.Text("Evaluation.Reports.report.html"), match => values[match.Groups[1].Value]);
    }

    static string Body(Comparison report)
    {
        var html = new Html();
        new ReportBody(html, report).Write();
        return html.ToString();
    }

    static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    [GeneratedRegex(@"\{\{([a-z-]+)\}\}")]
    private static partial Regex Placeholder();
}
