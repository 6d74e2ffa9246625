using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace FinIntent.Evaluation.Reports;

/// <summary>
/// A report as one HTML file that loads nothing: its own style, a script that only filters and switches, and the rest written out, so that it can
/// be read and printed without the script. A content security policy allows just these two, by their hashes.
/// </summary>
public static partial class ReportHtml
{
    public static string Of(Comparison report, Language language)
    {
        var (css, js) = (Resource("report.css"), Resource("report.js"));
        var values = new Dictionary<string, string>
        {
            ["lang"] = language == Language.Chinese ? "zh" : "en",
            ["title"] = Html.Escape(Words.Title.In(language)),
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
        if (report.Groups.Count > 0) HtmlStudy.Write(html, report);
        Results(html, report);
        if (report.Rules.Count > 1) ByRule(html, report);
        if (report.Pairs.Count > 0) Pairs(html, report);
        if (report.Models.Any(m => m.Robustness is not null)) Robustness(html, report);
        HtmlQuestions.Write(html, report);
        if (report.Models.Count > 1) Unsolved(html, report);
        html.Line("<section id=\"details\">").Heading(2, Words.Details);
        foreach (var model in report.Models) HtmlDetails.Write(html, model, report.MainRule ?? model.Main.Rule);
        html.Line("</section>");
        Glossary(html);
        return html.ToString();
    }

    static void Results(Html html, Comparison report)
    {
        html.Line("<section id=\"results\">").Heading(2, Words.Results);
        html.OpenTable(Words.Results, [Html.Column(Words.Model), Html.Column(Words.Accuracy, "n"), $"<th scope=\"col\">{Html.Both(Words.Interval)}<span class=\"axis\" aria-hidden=\"true\"><span>0</span><span>50</span><span>100 %</span></span></th>", Html.Column(Words.MacroF1, "n")], "results");
        html.Line("<tbody>");
        foreach (var model in report.Models)
        {
            var rule = report.MainRule is { } main ? model[main]! : model.Main;
            var accuracy = rule.Matrix.Accuracy;
            html.Raw($"<tr><th scope=\"row\">{Html.Escape(model.Name)}");
            if (report.MainRule is null) html.Raw($"<small>{Html.Both(Words.Rule(rule.Rule))}</small>");
            html.Raw($"</th><td class=\"n\"><strong>{Numbers.Percent(accuracy.Value)}</strong><small>{Numbers.Of(accuracy)}</small></td>")
                .Raw($"<td class=\"drawn\">{Charts.Interval(accuracy, model.Commonest.Share.Value)}<small>{Numbers.Interval(accuracy.Wilson95)} %</small></td>")
                .Line($"{Html.Number(Numbers.Percent(rule.Matrix.MacroF1))}</tr>");
        }
        html.Line("</tbody>").CloseTable().Paragraph(Words.Lead(report), "lead").Paragraph(Words.AboutDrawing, "lead");
        foreach (var note in Words.Notes(report)) html.Paragraph(note, "note");
        html.Line("</section>");
    }

    static void ByRule(Html html, Comparison report)
    {
        html.Line("<section id=\"rules\">").Heading(2, Words.ByRule);
        html.OpenTable(Words.AccuracyByRule, [Html.Column(Words.Model), .. report.Rules.Select(r => Html.Column(Words.Rule(r), "n"))], "rules");
        html.Line("<tbody>");
        foreach (var model in report.Models)
        {
            html.Raw($"<tr><th scope=\"row\">{Html.Escape(model.Name)}</th>");
            foreach (var rule in report.Rules)
                html.Raw(model[rule]?.Matrix.Accuracy is { } accuracy ? $"<td class=\"n\">{Numbers.Percent(accuracy.Value)}<small>{Numbers.Interval(accuracy.Wilson95)}</small></td>"
                    : $"<td class=\"n\">{Numbers.Unknown}</td>");
            html.Line("</tr>");
        }
        html.Line("</tbody>").CloseTable().Line("</section>");
    }

    static void Pairs(Html html, Comparison report)
    {
        html.Line("<section id=\"pairs\">").Heading(2, Words.Pairs).Paragraph(Words.AboutPairs);
        var rules = report.Rules.OrderByDescending(r => r == report.MainRule).Where(rule => report.Pairs.Any(p => p.Rule == rule)).ToList();
        PairTable(html, report, rules[0]);
        if (rules.Count > 1) html.Line($"<details><summary>{Html.Both(Words.OtherRules)}</summary>");
        foreach (var rule in rules.Skip(1)) PairTable(html, report, rule);
        html.Line(rules.Count > 1 ? "</details></section>" : "</section>");
    }

    static void PairTable(Html html, Comparison report, string rule)
    {
        (Bilingual Words, Func<PairReport, string> Value)[] numbers =
        [
            (Words.Count, p => $"{p.Count}"), (Words.Fixed, p => $"{p.Fixed}"), (Words.Broken, p => $"{p.Broken}"),
            (Words.Change, p => Numbers.Points((double)(p.Fixed - p.Broken) / p.Count)), (Words.P, p => Numbers.P(p.P)), (Words.PHolm, p => Numbers.P(p.PHolm)),
        ];
        html.OpenTable(Words.Rule(rule), [Html.Column(Words.From), Html.Column(Words.To), .. numbers.Select(n => Html.Column(n.Words, "n")), Html.Column(Words.Verdict)], "pairs")
            .Line("<tbody>");
        foreach (var p in report.Pairs.Where(p => p.Rule == rule))
            html.Raw($"<tr><td class=\"name from\">{Html.Escape(report.Models[p.A].Name)}</td><td class=\"name to\">{Html.Escape(report.Models[p.B].Name)}</td>")
                .Raw(string.Concat(numbers.Select(n => Html.Labelled(n.Words, Html.Escape(n.Value(p)), "n"))))
                .Line($"<td class=\"name verdict\">{Html.Both(Words.VerdictOf(report, p))}</td></tr>");
        html.Line("</tbody>").CloseTable();
    }

    static void Robustness(Html html, Comparison report)
    {
        html.Line("<section id=\"robustness\">").Heading(2, RobustnessWords.Title).Paragraph(RobustnessWords.About);
        foreach (var model in report.Models)
            if (model.Robustness is { } robustness) HtmlRobustness.Write(html, model, robustness, report.MainRule ?? model.Main.Rule);
        html.Line("</section>");
    }

    static void Unsolved(Html html, Comparison report)
    {
        var rule = report.MainRule ?? report.Models[0].Main.Rule;
        html.Line("<section id=\"unsolved\">").Heading(2, Words.Unsolved);
        var unsolved = report.Unsolved.Where(q => q.Rule == rule).ToList();
        if (unsolved.Count == 0) html.Paragraph(Words.None);
        else
        {
            html.OpenTable(Words.Rule(rule), [Html.Column("id"), Html.Column(Words.Question), Html.Column(Words.Gold), Html.Column(Words.Asked, "n")]).Line("<tbody>");
            foreach (var q in unsolved)
                html.Line($"<tr><td class=\"id\">{Html.Escape(q.Id)}</td><td class=\"text\">{Html.Escape(q.Question)}</td><td class=\"name\">{Html.Escape(q.Gold)}</td>{Html.Number($"{q.Asked}")}</tr>");
            html.Line("</tbody>").CloseTable();
        }
        html.Line("</section>");
    }

    static void Glossary(Html html)
    {
        html.Line("<section id=\"glossary\">").Heading(2, Words.HowToRead).Line("<dl>");
        foreach (var (term, meaning) in Words.Glossary) html.Line($"<dt>{Html.Both(term)}</dt><dd>{Html.Both(meaning)}</dd>");
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
