namespace FinIntent.Evaluation.Reports;

/// <summary>One model's parts of the page: its classes, confusions and calibration, and what the order of the options does.</summary>
static class HtmlModel
{
    /// <param name="open">The rule whose tables are shown at once.</param>
    public static void Details(Html html, ModelReport model, string open)
    {
        html.Line($"<article><h3>{Html.Escape(model.Name)}</h3><dl class=\"figures\">");
        foreach (var (name, value) in ModelTables.Figures(model))
            html.Line($"<div><dt>{Html.Both(name)}</dt><dd>{Html.Escape(value)}</dd></div>");
        html.Line("</dl>");
        foreach (var rule in model.Rules)
        {
            html.Line($"<details{(rule.Rule == open ? " open" : "")}><summary>{Html.Both(ReportWords.Rule(rule.Rule))}</summary>")
                .Line("<div class=\"side\">")
                .Table(ModelTables.Classes(model, rule.Matrix)).Table(ModelTables.Confusion(model, rule.Matrix));
            if (rule.Probabilities is { } scores)
                Figure(html, ReportWords.Reliability, Charts.Reliability(scores)).Table(ModelTables.Reliability(scores));
            html.Line("</div></details>");
        }
        html.Line("</article>");
    }

    /// <param name="main">The rule whose labels and questions are shown.</param>
    public static void Robustness(Html html, ModelReport model, RobustnessReport report, RuleRobustness main)
    {
        html.Line($"<article><h3>{Html.Escape(model.Name)}</h3>").Paragraph(RobustnessWords.Lead(report, main))
            .Table(RobustnessTables.Orders(report)).Line("<div class=\"side\">");
        Figure(html, RobustnessWords.Spread, Charts.Spread(main.ByOrder)).Table(RobustnessTables.Places(main));
        if (main.Averaged is { } averaged) html.Table(RobustnessTables.Probabilities(averaged));
        html.Line("</div>");
        if (main.Changing.Count > 0)
        {
            html.Line($"<details><summary>{Html.Both(RobustnessWords.Changing)} ({main.Changing.Count})</summary>")
                .Table(RobustnessTables.Questions(main));
            if (RobustnessWords.More(main) is { } more) html.Paragraph(more);
            html.Line("</details>");
        }
        html.Line("</article>");
    }

    static Html Figure(Html html, Bilingual caption, string chart) =>
        html.Line($"<figure><figcaption>{Html.Both(caption)}</figcaption>{chart}</figure>");
}
