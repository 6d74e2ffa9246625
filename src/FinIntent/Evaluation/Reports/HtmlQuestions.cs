namespace FinIntent.Evaluation.Reports;

/// <summary>Writes the questions as two models answer them side by side, or as one does.</summary>
/// <remarks>The first pair is written out, its changed questions first; the script shows the other pairs.</remarks>
static class HtmlQuestions
{
    const int Written = 200;

    static readonly (string Filter, Bilingual Words)[] PairFilters =
    [
        ("fixed", ReportWords.Fixed), ("broken", ReportWords.Broken),
        ("both-wrong", ReportWords.BothWrong), ("both-right", ReportWords.BothRight),
    ];

    static readonly (string Filter, Bilingual Words)[] SingleFilters = [("wrong", ReportWords.Wrong), ("right", ReportWords.Right)];

    /// <summary>A question as two models answer it; without a second one B is null.</summary>
    sealed record Row(Prediction Prediction, string State, Bilingual Words, string A, string? B);

    public static void Write(Html html, Comparison report)
    {
        var pair = report.Pairs.FirstOrDefault(p => p.Rule == report.MainRule) ?? report.Pairs.FirstOrDefault();
        var (a, b) = (report.Models[pair?.A ?? 0], pair is null ? null : report.Models[pair.B]);
        var rule = pair?.Rule ?? report.MainRule ?? a.Main.Rule;
        html.Line($"<section id=\"questions\" data-a=\"{pair?.A ?? 0}\" data-b=\"{pair?.B}\" data-rule=\"{rule}\">")
            .Heading(2, ReportWords.Questions);
        Controls(html, report);
        Bilingual[] names = b is null ? [a.Name] : [a.Name, b.Name];
        Bilingual[] header = [b is null ? ReportWords.IsRight : ReportWords.State, "id", ReportWords.Question, ReportWords.Gold, .. names];
        var filters = b is null ? SingleFilters : PairFilters;
        var rows = (b is null ? Alone(a, a[rule]!) : Both(report, pair!, a, b))
            .OrderBy(r => Array.FindIndex(filters, f => f.Filter == r.State)).ToList();
        var (pairName, read) = (string.Join(" → ", names.Select(name => name.English)), ReportWords.Rule(rule));
        Bilingual caption = new($"{pairName}，{read.Chinese}", $"{pairName}, {read.English}");
        html.OpenTable(caption, header.Select(words => Html.Head(new(words, ""))), "stack").Line("<tbody>");
        foreach (var row in rows.Take(Written)) Write(html, row, a.Name, b?.Name);
        html.Line("</tbody>").CloseTable();
        html.Line($"<p id=\"none\" hidden>{Html.Both(ReportWords.NoneShown)}</p>")
            .Raw($"<p><button type=\"button\" id=\"more\" class=\"js\" hidden>{Html.Both(ReportWords.ShowAll)} ")
            .Line("<span class=\"count\"></span></button></p>");
        if (rows.Count > Written)
        {
            var (zh, en) = ($"这里列出前 {Written} 题，共 {rows.Count} 题。", $"The first {Written} of {rows.Count} questions.");
            html.Paragraph(new(zh, en), "no-js note");
        }
        html.Line("</section>");
    }

    static void Controls(Html html, Comparison report)
    {
        html.Line("<form class=\"js controls\">");
        if (report.Models.Count > 1)
        {
            Select(html, "a", ReportWords.From, report.Models.Select((m, i) => ($"{i}", (Bilingual)m.Name)));
            Select(html, "b", ReportWords.To, [.. report.Models.Select((m, i) => ($"{i}", (Bilingual)m.Name)), ("", NumberText.Unknown)]);
        }
        Select(html, "rule", ReportWords.Reading, report.Rules.Select(r => (r, ReportWords.Rule(r))));
        Select(html, "class", ReportWords.Class, [("", ReportWords.All)]);
        html.Line($"<label>{Html.Both(ReportWords.Search)} <input type=\"search\" name=\"q\"></label>");
        html.Raw("<div class=\"filters\" role=\"group\">");
        foreach (var (filter, words) in (ReadOnlySpan<(string, Bilingual)>)[("all", ReportWords.All), .. PairFilters, .. SingleFilters])
            html.Raw($"<button type=\"button\" data-filter=\"{filter}\" aria-pressed=\"{(filter == "all" ? "true" : "false")}\">")
                .Raw($"{Html.Both(words)} <span class=\"count\"></span></button>");
        html.Line("</div></form>");
    }

    static void Select(Html html, string name, Bilingual label, IEnumerable<(string Value, Bilingual Words)> options)
    {
        html.Raw($"<label>{Html.Both(label)} <select name=\"{name}\">");
        // An option holds no markup; the script shows the language's words.
        foreach (var (value, words) in options)
        {
            var (zh, en) = (Html.Escape(words.Chinese), Html.Escape(words.English));
            html.Raw($"<option value=\"{value}\" data-zh=\"{zh}\" data-en=\"{en}\">{zh}</option>");
        }
        html.Line("</select></label>");
    }

    static IEnumerable<Row> Alone(ModelReport model, RuleReport rule) => model.Predictions.Select((p, i) =>
    {
        var (filter, words) = SingleFilters[Comparison.IsRight(model, rule, i) ? 1 : 0];
        return new Row(p, filter, words, Answer(model, rule, i), null);
    });

    static IEnumerable<Row> Both(Comparison report, PairReport pair, ModelReport a, ModelReport b)
    {
        var (ruleA, ruleB) = (a[pair.Rule]!, b[pair.Rule]!);
        foreach (var (i, j) in report.Overlaps.First(o => (o.A, o.B) == (pair.A, pair.B)).Common)
        {
            var (filter, words) = (Comparison.IsRight(a, ruleA, i), Comparison.IsRight(b, ruleB, j)) switch
            {
                (false, true) => PairFilters[0],
                (true, false) => PairFilters[1],
                (false, false) => PairFilters[2],
                _ => PairFilters[3],
            };
            yield return new(a.Predictions[i], filter, words, Answer(a, ruleA, i), Answer(b, ruleB, j));
        }
    }

    /// <summary>The class, then the text if it is more than the label, and the highest probability.</summary>
    static string Answer(ModelReport model, RuleReport rule, int i)
    {
        var p = model.Predictions[i];
        var text = p.Output is { } output && output.Trim() != rule.Choices[i]
            ? $"<small class=\"text\">{Html.Escape(PageData.Shorten(output))}</small>" : "";
        var share = p.Probabilities is { } all && rule.Rule == RuleReport.Scored
            ? $"<small>{NumberText.Percent(all.Values.Max())}</small>" : "";
        return Html.Both(ReportTables.ChoiceOf(model, rule, i)) + text + share;
    }

    static void Write(Html html, Row row, string a, string? b)
    {
        html.Raw($"<tr class=\"{row.State}\"><td class=\"state\">{Html.Both(row.Words)}</td>")
            .Raw($"<td class=\"id\">{Html.Escape(row.Prediction.Id)}</td>")
            .Raw($"<td class=\"text question\">{Html.Escape(row.Prediction.Question)}</td>")
            .Raw(Cell(ReportWords.Gold, Html.Escape(Comparison.Label(row.Prediction, row.Prediction.Gold)))).Raw(Cell(a, row.A));
        html.Line($"{(b is null ? "" : Cell(b, row.B!))}</tr>");
    }

    static string Cell(Bilingual header, string content) => Html.Labelled(header, $"<div>{content}</div>", "answer");
}
