using System.Security.Cryptography;

namespace FinIntent.Evaluation.Reports;

/// <summary>
/// A report as one HTML file that loads nothing: its own style, a script that only filters and switches, and the rest written out, so that
/// it can be read and printed without the script. A content security policy allows just these two, by their hashes.
/// </summary>
public static partial class ReportHtml
{
    public static string Of(Comparison report, Language language)
    {
        var (css, js) = (Resource("report.css"), Resource("report.js"));
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
        return Placeholder().Replace(Resource("report.html"), match => values[match.Groups[1].Value]);
    }

    static string Body(Comparison report)
    {
        var html = new Html();
        new ReportBody(html, report).Write();
        return html.ToString();
    }

    static string Hash(string text) => $"sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}";

    static string Resource(string name)
    {
        using var reader = new StreamReader(typeof(ReportHtml).Assembly.GetManifestResourceStream($"FinIntent.Evaluation.Reports.{name}")!);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"\{\{([a-z-]+)\}\}")]
    private static partial Regex Placeholder();
}
