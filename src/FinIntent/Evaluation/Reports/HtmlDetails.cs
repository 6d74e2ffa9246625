namespace FinIntent.Evaluation.Reports;

/// <summary>One model's part of the page: classes, confusions and calibration.</summary>
static class HtmlDetails
{
    const int Shades = 9;

    /// <param name="open">The rule whose tables are shown at once.</param>
    public static void Write(Html html, ModelReport model, string open)
    {
        html.Line($"<article><h3>{Html.Escape(model.Name)}</h3><dl class=\"figures\">");
        if (model.Scored?.Probabilities is { } scores)
        {
            Figure(html, Words.LogLoss, Numbers.Three(scores.LogLoss));
            Figure(html, Words.Brier, Numbers.Three(scores.Brier));
            Figure(html, Words.CalibrationError, Numbers.Three(scores.CalibrationError));
        }
        if (model.Disagreements is { } differ) Figure(html, Words.Disagreements, Numbers.Of(differ));
        if (model.SecondsPerQuestion is { } seconds) Figure(html, Words.SecondsPerQuestion, Numbers.Three(seconds));
        html.Line("</dl>");
        foreach (var rule in model.Rules)
        {
            html.Line($"<details{(rule.Rule == open ? " open" : "")}><summary>{Html.Both(Words.Rule(rule.Rule))}</summary><div class=\"side\">");
            Classes(html, model, rule.Matrix);
            Confusion(html, model, rule.Matrix);
            if (rule.Probabilities is { } probabilities) Reliability(html, probabilities);
            html.Line("</div></details>");
        }
        html.Line("</article>");
    }

    static void Figure(Html html, Bilingual name, string value) => html.Line($"<div><dt>{Html.Both(name)}</dt><dd>{Html.Escape(value)}</dd></div>");

    static void Classes(Html html, ModelReport model, ConfusionMatrix matrix)
    {
        html.OpenTable(Words.PerClass, [Html.Column(Words.Class), .. ((Bilingual[])[Words.Count, Words.Precision, Words.Recall, Words.F1]).Select(w => Html.Column(w, "n"))]).Line("<tbody>");
        foreach (var (i, c) in matrix.PerClass.Index())
            html.Line($"<tr>{RowHeader(model, i)}{string.Concat(new[] { $"{c.Count}", Numbers.Percent(c.Precision), Numbers.Percent(c.Recall), Numbers.Percent(c.F1) }.Select(Html.Number))}</tr>");
        html.Line("</tbody>").CloseTable();
    }

    static void Confusion(Html html, ModelReport model, ConfusionMatrix matrix)
    {
        if (matrix.IsWide)
        {
            Confusions(html, matrix);
            return;
        }
        html.OpenTable(Words.Confusion, ["<td></td>", .. matrix.Classes.Select(c => Html.Column(c, "n")), Html.Column(Words.Unreadable, "n")], "confusion").Line("<tbody>");
        foreach (var (gold, row) in matrix.PerClass.Index())
        {
            html.Raw($"<tr>{RowHeader(model, gold)}");
            for (var answer = 0; answer <= matrix.Classes.Count; answer++)
            {
                var count = matrix[gold, answer];
                var shade = row.Count == 0 ? 0 : (int)Math.Ceiling((double)Shades * count / row.Count);
                html.Raw($"<td class=\"n {(count == 0 ? "zero" : answer == gold ? $"right{shade}" : $"wrong{shade}")}\">{count}</td>");
            }
            html.Line("</tr>");
        }
        html.Line("</tbody>").CloseTable();
    }

    static void Confusions(Html html, ConfusionMatrix matrix)
    {
        html.OpenTable(Words.Confusions, [Html.Column(Words.Gold), Html.Column(Words.Answer), Html.Column(Words.Count, "n")]).Line("<tbody>");
        foreach (var (gold, answer, count) in matrix.Confusions.Take(ReportText.MostConfusions))
            html.Line($"<tr><td>{Html.Escape(matrix.Classes[gold])}</td><td>{(answer is { } a ? Html.Escape(matrix.Classes[a]) : Html.Both(Words.Unreadable))}</td>{Html.Number($"{count}")}</tr>");
        html.Line("</tbody>").CloseTable();
    }

    static void Reliability(Html html, ProbabilityScores scores)
    {
        html.Line($"<figure><figcaption>{Html.Both(Words.Reliability)}</figcaption>{Charts.Reliability(scores)}</figure>");
        html.OpenTable(Words.Reliability, ((Bilingual[])[Words.Bin, Words.Count, Words.Confidence, Words.Accuracy, Words.Interval]).Select(w => Html.Column(w, "n"))).Line("<tbody>");
        foreach (var bin in scores.Bins.Where(b => b.Correct.Trials > 0))
            html.Line("<tr>" + string.Concat(new[] { Numbers.Interval((bin.Low, bin.High)), $"{bin.Correct.Trials}", Numbers.Percent(bin.Confidence),
                Numbers.Percent(bin.Correct.Value), Numbers.Interval(bin.Correct.Wilson95) }.Select(Html.Number)) + "</tr>");
        html.Line("</tbody>").CloseTable();
    }

    static string RowHeader(ModelReport model, int i)
    {
        var (label, intent) = model.Classes[i];
        return $"<th scope=\"row\">{Html.Escape(label == intent ? label : $"{label} {intent}")}</th>";
    }
}
