using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

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
        if (report.Groups.Count > 0) Study(html, report);
        Section(html, "results", ReportWords.Results).Table(ReportTables.Results(report))
            .Paragraph(ReportWords.Lead(report), "lead").Paragraph(ReportWords.AboutDrawing, "lead");
        foreach (var note in ReportWords.Notes(report)) html.Paragraph(note, "note");
        html.Line("</section>");
        if (report.Rules.Count > 1)
            Section(html, "rules", ReportWords.ByRule).Table(ReportTables.AccuracyByRule(report)).Line("</section>");
        if (report.Pairs.Count > 0) Pairs(html, report);
        if (report.Models.Any(m => m.Robustness is not null)) Robustness(html, report);
        HtmlQuestions.Write(html, report);
        if (report.Models.Count > 1) Unsolved(html, report);
        Section(html, "details", ReportWords.Details);
        foreach (var model in report.Models) HtmlModel.Details(html, model, report.MainRule ?? model.Main.Rule);
        html.Line("</section>");
        Glossary(html);
        return html.ToString();
    }

    static Html Section(Html html, string id, Bilingual heading) => html.Line($"<section id=\"{id}\">").Heading(2, heading);

    static void Study(Html html, Comparison report)
    {
        html.Line("<section id=\"study\">");
        if (report.HasStudy)
            html.Heading(2, ReportWords.Study).Table(ReportTables.Study(report)).Paragraph(ReportWords.AboutStudy, "lead");
        if (report.HasSpread) html.Heading(2, ReportWords.Spread).Table(ReportTables.Spread(report));
        html.Line("</section>");
    }

    static void Pairs(Html html, Comparison report)
    {
        Section(html, "pairs", ReportWords.Pairs).Paragraph(ReportWords.AboutPairs);
        var rules = report.Rules.OrderByDescending(r => r == report.MainRule).Where(rule => report.Pairs.Any(p => p.Rule == rule)).ToList();
        html.Table(ReportTables.Pairs(report, rules[0]));
        if (rules.Count > 1) html.Line($"<details><summary>{Html.Both(ReportWords.OtherRules)}</summary>");
        foreach (var rule in rules.Skip(1)) html.Table(ReportTables.Pairs(report, rule));
        html.Line(rules.Count > 1 ? "</details></section>" : "</section>");
    }

    static void Robustness(Html html, Comparison report)
    {
        Section(html, "robustness", RobustnessWords.Title).Paragraph(RobustnessWords.About);
        foreach (var model in report.Models)
            if (model.Robustness is { } orders) HtmlModel.Robustness(html, model, orders, orders.Main(report.MainRule ?? model.Main.Rule));
        html.Line("</section>");
    }

    static void Unsolved(Html html, Comparison report)
    {
        Section(html, "unsolved", ReportWords.Unsolved);
        var unsolved = ReportTables.Unsolved(report);
        if (unsolved.Rows.Count == 0) html.Paragraph(ReportWords.None);
        else html.Table(unsolved);
        html.Line("</section>");
    }

    static void Glossary(Html html)
    {
        Section(html, "glossary", ReportWords.HowToRead).Line("<dl>");
        foreach (var (term, meaning) in ReportWords.Glossary) html.Line($"<dt>{Html.Both(term)}</dt><dd>{Html.Both(meaning)}</dd>");
        html.Line("</dl></section>");
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
