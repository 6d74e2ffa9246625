namespace FinIntent.Evaluation.Reports;

/// <summary>What the order of the options does to a model's answers.</summary>
static class HtmlRobustness
{
    /// <summary>More would make a page too long to be read; all are in the JSON.</summary>
    public const int MostQuestions = 50;

    /// <param name="main">The rule whose letters and questions are shown.</param>
    public static void Write(Html html, ModelReport model, RobustnessReport report, string main)
    {
        var rule = report[main] ?? report.Rules[^1];
        html.Line($"<article><h3>{Html.Escape(model.Name)}</h3>").Paragraph(RobustnessWords.Lead(report, rule));
        Rules(html, report);
        html.Line("<div class=\"side\">");
        html.Line($"<figure><figcaption>{Html.Both(RobustnessWords.Spread)}</figcaption>{Charts.Spread(rule.ByOrder)}</figure>");
        Letters(html, rule);
        if (rule.Averaged is { } averaged) Probabilities(html, averaged);
        html.Line("</div>");
        if (rule.Changing.Count > 0) Changing(html, rule);
        html.Line("</article>");
    }

    static void Rules(Html html, RobustnessReport report)
    {
        html.OpenTable(RobustnessWords.ByRule, [Html.Column(Words.Reading), .. ((Bilingual[])[RobustnessWords.Mean, RobustnessWords.Own, RobustnessWords.Worst, RobustnessWords.Best,
            RobustnessWords.Unchanged, RobustnessWords.UnchangedRight, RobustnessWords.Majority, RobustnessWords.Averaged, RobustnessWords.TotalVariation]).Select(w => Html.Column(w, "n"))], "orders").Line("<tbody>");
        foreach (var rule in report.Rules)
        {
            html.Raw($"<tr><th scope=\"row\">{Html.Both(Words.Rule(rule.Rule))}</th>{Share(rule.Mean.Value, Numbers.Interval(rule.Mean.Interval95))}{Html.Number(Numbers.Percent(rule.ByOrder[0].Value))}")
                .Raw(Share(rule.ByOrder[rule.Worst].Value, report.Orders[rule.Worst])).Raw(Share(rule.ByOrder[rule.Best].Value, report.Orders[rule.Best]))
                .Raw(Share(rule.Unchanged.Value, Numbers.Interval(rule.Unchanged.Wilson95))).Raw(Html.Number($"{rule.UnchangedRight}/{rule.Unchanged.Successes}"))
                .Raw(Html.Number(Numbers.Percent(rule.Majority.Value))).Raw(Html.Number(rule.Averaged is { } a ? Numbers.Percent(a.Accuracy.Value) : Numbers.Unknown))
                .Line($"{Html.Number(Numbers.Percent(rule.TotalVariation))}</tr>");
        }
        html.Line("</tbody>").CloseTable();
    }

    static string Share(double value, string below) => $"<td class=\"n\">{Numbers.Percent(value)}<small>{Html.Escape(below)}</small></td>";

    static void Letters(Html html, RuleRobustness rule)
    {
        html.OpenTable(RobustnessWords.ByLetter, [Html.Column(RobustnessWords.Letter), .. ((Bilingual[])[RobustnessWords.Chosen, RobustnessWords.GoldThere, RobustnessWords.Difference, RobustnessWords.WhenGold]).Select(w => Html.Column(w, "n"))]).Line("<tbody>");
        foreach (var place in rule.Places)
            html.Line($"<tr><th scope=\"row\">{Html.Escape(place.Label)}</th>{Html.Number(Numbers.Percent(place.Chosen.Value))}{Html.Number(Numbers.Percent(place.Gold.Value))}" +
                $"<td class=\"n\">{Numbers.Points(place.Difference)}<small>{Numbers.PointsInterval(place.Interval95)}</small></td>" +
                $"<td class=\"n\">{Numbers.Percent(place.WhenGold.Value)}{Charts.Bar(place.WhenGold.Value)}</td></tr>");
        html.Line("</tbody>").CloseTable();
    }

    static void Probabilities(Html html, AveragedProbabilities averaged)
    {
        html.OpenTable(RobustnessWords.Averaged, [Html.Column(RobustnessWords.Kind), .. ((Bilingual[])[Words.LogLoss, Words.Brier, Words.CalibrationError]).Select(w => Html.Column(w, "n"))]).Line("<tbody>");
        foreach (var (words, scores) in (ReadOnlySpan<(Bilingual, ProbabilityScores)>)[(RobustnessWords.Single, averaged.Single), (RobustnessWords.OverOrders, averaged.Scores)])
            html.Line($"<tr><th scope=\"row\">{Html.Both(words)}</th>{string.Concat(new[] { scores.LogLoss, scores.Brier, scores.CalibrationError }.Select(v => Html.Number(Numbers.Three(v))))}</tr>");
        html.Line("</tbody>").CloseTable();
    }

    static void Changing(Html html, RuleRobustness rule)
    {
        html.Line($"<details><summary>{Html.Both(RobustnessWords.Changing)} ({rule.Changing.Count})</summary>");
        html.OpenTable(Words.Rule(rule.Rule), [Html.Column("id"), Html.Column(Words.Question), Html.Column(Words.Gold), Html.Column(RobustnessWords.RightOrders, "n"), Html.Column(RobustnessWords.Votes)]).Line("<tbody>");
        foreach (var q in rule.Changing.Take(MostQuestions))
            html.Line($"<tr><td class=\"id\">{Html.Escape(q.Id)}</td><td class=\"text\">{Html.Escape(q.Question)}</td><td class=\"name\">{Html.Escape(q.Gold)}</td>{Html.Number(Numbers.Of(q.Right))}<td class=\"text\">{Html.Both(RobustnessWords.VotesOf(q))}</td></tr>");
        html.Line("</tbody>").CloseTable();
        if (rule.Changing.Count > MostQuestions) html.Paragraph(RobustnessWords.More(rule.Changing.Count - MostQuestions));
        html.Line("</details>");
    }
}
