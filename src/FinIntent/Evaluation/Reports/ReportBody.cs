namespace FinIntent.Evaluation.Reports;

/// <summary>The parts of a report in their order, for every sheet that it is written on.</summary>
sealed class ReportBody(Sheet sheet, Comparison report)
{
    /// <summary>A page shows the others by its script.</summary>
    const int ShownChanges = 100;

    public void Write()
    {
        if (!sheet.IsPage) sheet.Heading(1, ReportWords.Title).Paragraph(ReportWords.Lead(report));
        if (report.HasStudy) Section("study", ReportWords.Study, Study);
        if (report.HasSpread) Section("spread", ReportWords.Spread, () => sheet.Table(ReportTables.Spread(report)));
        Section("results", ReportWords.Results, Results);
        if (report.Rules.Count > 1) Section("rules", ReportWords.ByRule, () => sheet.Table(ReportTables.AccuracyByRule(report)));
        if (report.Pairs.Count > 0) Section("pairs", ReportWords.Pairs, Pairs);
        if (report.Models.Any(m => m.Trust is not null)) Section("trust", TrustWords.Title, Trust);
        if (report.Models.Any(m => m.Robustness is not null)) Section("robustness", RobustnessWords.Title, Robustness);
        if (sheet is Html html) HtmlQuestions.Write(html, report);
        else foreach (var pair in MainPairs()) Changes(pair);
        if (report.Models.Count > 1) Section("unsolved", ReportWords.Unsolved, Unsolved);
        Section("details", ReportWords.Details, Details);
        Section("glossary", ReportWords.HowToRead, () => sheet.Definitions(ReportWords.Glossary));
    }

    void Section(string id, Bilingual heading, Action write)
    {
        sheet.Page($"<section id=\"{id}\">").Heading(2, heading);
        write();
        sheet.Page("</section>");
    }

    void Study()
    {
        sheet.Table(ReportTables.Study(report)).Paragraph(ReportWords.AboutStudy, "lead");
        if (sheet.IsPage) return;
        foreach (var group in report.Groups.Where(g => g.Failure is not null)) sheet.Paragraph(ReportWords.NotFinished(group));
    }

    void Results()
    {
        sheet.Table(ReportTables.Results(report));
        if (sheet.IsPage) sheet.Paragraph(ReportWords.Lead(report), "lead").Paragraph(ReportWords.AboutDrawing, "lead");
        foreach (var note in ReportWords.Notes(report)) sheet.Paragraph(note, "note");
    }

    void Pairs()
    {
        sheet.Paragraph(ReportWords.AboutPairs);
        var rules = report.Rules.OrderByDescending(r => r == report.MainRule).Where(rule => report.Pairs.Any(p => p.Rule == rule)).ToList();
        sheet.Table(ReportTables.Pairs(report, sheet.IsPage ? rules[0] : null));
        if (!sheet.IsPage || rules.Count == 1) return;
        sheet.Fold(ReportWords.OtherRules);
        foreach (var rule in rules.Skip(1)) sheet.Table(ReportTables.Pairs(report, rule));
        sheet.Page("</details>");
    }

    /// <summary>Each pair once, by the rule that says most.</summary>
    IEnumerable<PairReport> MainPairs() => report.Pairs.GroupBy(p => (p.A, p.B)).Select(g =>
        g.First(p => p.Rule == (report.MainRule ?? Comparison.CommonRule([report.Models[p.A], report.Models[p.B]]) ?? p.Rule)));

    void Changes(PairReport pair)
    {
        var (changes, rule) = (ReportTables.Changes(report, pair), ReportWords.Rule(pair.Rule));
        if (changes.Rows.Count == 0) return;
        var names = $"{report.Models[pair.A].Name} → {report.Models[pair.B].Name}";
        sheet.Heading(3, ($"{names} ({rule.Chinese})", $"{names} ({rule.English})"))
            .Table(changes with { Rows = [.. changes.Rows.Take(ShownChanges)] });
        var more = changes.Rows.Count - ShownChanges;
        if (more > 0) sheet.Paragraph(($"另有 {more} 题，见 report.html。", $"{more} more are in report.html."));
    }

    void Unsolved()
    {
        var unsolved = ReportTables.Unsolved(report);
        if (!sheet.IsPage) sheet.Paragraph(unsolved.Caption);
        if (unsolved.Rows.Count == 0) sheet.Paragraph(ReportWords.None);
        else sheet.Table(unsolved);
    }

    string MainRuleOf(ModelReport model) => report.MainRule ?? model.Main.Rule;

    void Trust()
    {
        sheet.Paragraph(TrustWords.About);
        foreach (var model in report.Models)
            if (model.Trust is { } trust) Trust(model.Name, trust);
    }

    void Trust(string model, TrustReport trust)
    {
        sheet.Page("<article>").Heading(3, model).Page("<div class=\"side\">")
            .Page(Figure(TrustWords.Curve, Charts.RiskCoverage(trust.Curve)));
        foreach (var table in TrustTables.All(trust))
        {
            if (!sheet.IsPage) sheet.Heading(4, table.Caption);
            sheet.Table(table);
        }
        if (trust.OutOfScope is { IsByProbability: true }) sheet.Paragraph(TrustWords.ByProbability);
        sheet.Page("</div></article>");
    }

    void Robustness()
    {
        sheet.Paragraph(RobustnessWords.About);
        foreach (var model in report.Models)
            if (model.Robustness is { } robustness) Robustness(model.Name, robustness, robustness.Main(MainRuleOf(model)));
    }

    void Robustness(string model, RobustnessReport robustness, RuleRobustness main)
    {
        sheet.Page("<article>").Heading(3, model).Paragraph(RobustnessWords.Lead(robustness, main))
            .Table(RobustnessTables.Orders(robustness)).Page("<div class=\"side\">")
            .Page(Figure(RobustnessWords.Spread, Charts.Spread(main.ByOrder))).Table(RobustnessTables.Places(main));
        if (main.Averaged is { } averaged) sheet.Table(RobustnessTables.Probabilities(averaged));
        sheet.Page("</div>");
        if (main.Changing.Count > 0)
        {
            sheet.Fold(RobustnessWords.Changing(main)).Table(RobustnessTables.Questions(main));
            if (RobustnessWords.More(main) is { } more) sheet.Paragraph(more);
            sheet.Page("</details>");
        }
        sheet.Page("</article>");
    }

    void Details()
    {
        foreach (var model in report.Models) Details(model);
    }

    void Details(ModelReport model)
    {
        sheet.Page("<article>").Heading(3, model.Name).Definitions(ModelTables.Figures(model), "figures");
        foreach (var rule in model.Rules)
        {
            sheet.Fold(ReportWords.Rule(rule.Rule), rule.Rule == MainRuleOf(model)).Page("<div class=\"side\">")
                .Table(ModelTables.Classes(model, rule.Matrix));
            if (!sheet.IsPage && rule.Matrix.IsWide) sheet.Paragraph(ReportWords.Confusions);
            if (sheet.IsPage || rule.Matrix.IsWide) sheet.Table(ModelTables.Confusion(model, rule.Matrix));
            if (rule.Probabilities is { } scores)
                sheet.Page(Figure(ReportWords.Reliability, Charts.Reliability(scores))).Table(ModelTables.Reliability(scores));
            sheet.Page("</div></details>");
        }
        sheet.Page("</article>");
    }

    static string Figure(Bilingual caption, string chart) => $"<figure><figcaption>{Html.Both(caption)}</figcaption>{chart}</figure>";
}
