namespace FinIntent.Evaluation.Reports;

/// <summary>
/// The questions, two models side by side (or one alone): the first pair written out, those that changed first; the script shows the others.
/// </summary>
static class HtmlQuestions
{
    const int Written = 200;

    static readonly (string Filter, Bilingual Words)[] PairFilters =
        [("fixed", Words.Fixed), ("broken", Words.Broken), ("both-wrong", Words.BothWrong), ("both-right", Words.BothRight)];

    static readonly (string Filter, Bilingual Words)[] SingleFilters = [("wrong", Words.Wrong), ("right", Words.Right)];

    /// <summary>A question as two models answer it; without a second one B is null.</summary>
    sealed record Row(Prediction Prediction, string State, Bilingual Words, string A, string? B);

    public static void Write(Html html, Comparison report)
    {
        var pair = report.Pairs.FirstOrDefault(p => p.Rule == report.MainRule) ?? report.Pairs.FirstOrDefault();
        var (a, b) = (report.Models[pair?.A ?? 0], pair is null ? null : report.Models[pair.B]);
        var rule = pair?.Rule ?? report.MainRule ?? a.Main.Rule;
        html.Line($"<section id=\"questions\" data-a=\"{pair?.A ?? 0}\" data-b=\"{(pair is null ? "" : $"{pair.B}")}\" data-rule=\"{rule}\">").Heading(2, Words.Questions);
        Controls(html, report);
        string[] header = [Html.Column(b is null ? Words.IsRight : Words.State), Html.Column("id"), Html.Column(Words.Question), Html.Column(Words.Gold), Html.Column(a.Name), .. b is null ? (string[])[] : [Html.Column(b.Name)]];
        var rows = (b is null ? Alone(a, a[rule]!) : Both(report, pair!, a, b)).OrderBy(r => Array.FindIndex(b is null ? SingleFilters : PairFilters, f => f.Filter == r.State)).ToList();
        html.OpenTable(new($"{a.Name}{(b is null ? "" : $" → {b.Name}")}，{Words.Rule(rule).Chinese}", $"{a.Name}{(b is null ? "" : $" → {b.Name}")}, {Words.Rule(rule).English}"), header, "stack")
            .Line("<tbody>");
        foreach (var row in rows.Take(Written)) Write(html, row, a.Name, b?.Name);
        html.Line("</tbody>").CloseTable();
        html.Line($"<p id=\"none\" hidden>{Html.Both(Words.NoneShown)}</p><p><button type=\"button\" id=\"more\" class=\"js\" hidden>{Html.Both(Words.ShowAll)} <span class=\"count\"></span></button></p>");
        if (rows.Count > Written)
            html.Line($"<p class=\"no-js note\">{Html.Both(new($"这里列出前 {Written} 题，共 {rows.Count} 题。", $"The first {Written} of {rows.Count} questions."))}</p>");
        html.Line("</section>");
    }

    static void Controls(Html html, Comparison report)
    {
        html.Line("<form class=\"js controls\">");
        if (report.Models.Count > 1)
        {
            Select(html, "a", Words.From, report.Models.Select((m, i) => ($"{i}", (Bilingual)m.Name)));
            Select(html, "b", Words.To, [.. report.Models.Select((m, i) => ($"{i}", (Bilingual)m.Name)), ("", Numbers.Unknown)]);
        }
        Select(html, "rule", Words.Reading, report.Rules.Select(r => (r, Words.Rule(r))));
        Select(html, "class", Words.Class, [("", Words.All)]);
        html.Line($"<label>{Html.Both(Words.Search)} <input type=\"search\" name=\"q\"></label>");
        html.Raw("<div class=\"filters\" role=\"group\">");
        foreach (var (filter, words) in (ReadOnlySpan<(string, Bilingual)>)[("all", Words.All), .. PairFilters, .. SingleFilters])
            html.Raw($"<button type=\"button\" data-filter=\"{filter}\" aria-pressed=\"{(filter == "all" ? "true" : "false")}\">{Html.Both(words)} <span class=\"count\"></span></button>");
        html.Line("</div></form>");
    }

    static void Select(Html html, string name, Bilingual label, IEnumerable<(string Value, Bilingual Words)> options)
    {
        html.Raw($"<label>{Html.Both(label)} <select name=\"{name}\">");
        // An option holds no markup; the script shows the language's words.
        foreach (var (value, words) in options)
            html.Raw($"<option value=\"{value}\" data-zh=\"{Html.Escape(words.Chinese)}\" data-en=\"{Html.Escape(words.English)}\">{Html.Escape(words.Chinese)}</option>");
        html.Line("</select></label>");
    }

    static IEnumerable<Row> Alone(ModelReport model, RuleReport rule) => model.Predictions.Select((p, i) =>
        Comparison.IsRight(model, rule, i) ? new Row(p, "right", Words.Right, Answer(p, rule, i), null) : new(p, "wrong", Words.Wrong, Answer(p, rule, i), null));

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
            yield return new(a.Predictions[i], filter, words, Answer(a.Predictions[i], ruleA, i), Answer(b.Predictions[j], ruleB, j));
        }
    }

    /// <summary>The class, then the text if it is more than the letter, and the highest probability.</summary>
    static string Answer(Prediction p, RuleReport rule, int i)
    {
        var choice = rule.Choices[i] is { } letter ? Html.Escape(Comparison.Label(p, letter)) : Html.Both(Words.Unreadable);
        var text = p.Output is { } output && output.Trim() != rule.Choices[i] ? $"<small class=\"text\">{Html.Escape(PageData.Shorten(output))}</small>" : "";
        return choice + text + (p.Probabilities is { } probabilities && rule.Rule == RuleReport.Scored ? $"<small>{Numbers.Percent(probabilities.Values.Max())}</small>" : "");
    }

    static void Write(Html html, Row row, string a, string? b)
    {
        html.Raw($"<tr class=\"{row.State}\"><td class=\"state\">{Html.Both(row.Words)}</td><td class=\"id\">{Html.Escape(row.Prediction.Id)}</td>")
            .Raw($"<td class=\"text question\">{Html.Escape(row.Prediction.Question)}</td>")
            .Raw(Cell(Words.Gold, Html.Escape(Comparison.Label(row.Prediction, row.Prediction.Gold)))).Raw(Cell(a, row.A));
        html.Line($"{(b is null ? "" : Cell(b, row.B!))}</tr>");
    }

    static string Cell(Bilingual header, string content) => Html.Labelled(header, $"<div>{content}</div>", "answer");
}
