namespace FinIntent.Evaluation.Reports;

/// <summary>A report as lines for a terminal or a log, in one language.</summary>
static class ReportText
{
    /// <summary>Writes one model's numbers by every rule, its classes and confusions, and what the order of the options does.</summary>
    public static string Of(ModelReport report, Language language)
    {
        var text = new StringBuilder($"{report.Name}: {ReportWords.QuestionCount(report.Predictions.Count).In(language)}\n\n");
        text.Table(ReportTables.Rules(report), language);
        if (ModelTables.Figures(report).Any()) text.Append('\n');
        foreach (var (name, value) in ModelTables.Figures(report)) text.Append($"{name.In(language)}: {value.In(language)}\n");
        foreach (var sentence in OutcomeWords.Of(report.Outcomes)) text.Append($"\n{sentence.In(language)}\n");
        foreach (var rule in report.Rules)
        {
            var caption = rule.Matrix.IsWide ? ReportWords.PerClass : ReportWords.Confusion;
            var name = ReportWords.Rule(rule.Rule).In(language);
            text.Append($"\n{name}: {caption.In(language)}\n").Table(ModelTables.Classes(report, rule.Matrix), language);
            if (!rule.Matrix.IsWide || rule.Matrix.Confusions.Count == 0) continue;
            text.Append($"\n{name}: {ReportWords.Confusions.In(language)}\n").Table(ModelTables.Confusion(report, rule.Matrix), language);
        }
        if (report.Trust is { } trust) Append(text, trust, language);
        if (report.Robustness is { } robustness) Append(text, robustness, robustness.Main(report.Main.Rule), language);
        return text.ToString();
    }

    /// <summary>Writes a line for each model and rule, a line for each pair and rule, and what could not be compared.</summary>
    public static string Of(Comparison report, Language language)
    {
        var text = new StringBuilder().Table(ReportTables.Rules(report), language);
        if (report.Pairs.Count > 0) text.Append('\n').Table(ReportTables.Pairs(report), language);
        foreach (var note in ReportWords.Notes(report)) text.Append($"\n{note.In(language)}\n");
        return text.ToString();
    }

    /// <summary>Writes the seed's table, a line for each model before and after fine-tuning, then how far its runs lie apart.</summary>
    public static string Study(Comparison report, Language language)
    {
        var text = new StringBuilder().Table(ReportTables.Study(report), language).Append(Spread(report, language));
        foreach (var note in ReportWords.OutcomeNotes(report)) text.Append($"\n{note.In(language)}\n");
        foreach (var group in report.Groups.Where(g => g.Failure is not null))
            text.Append($"\n{ReportWords.NotFinished(group).In(language)}\n");
        return text.ToString();
    }

    /// <summary>Writes how far the runs of each group lie apart: nothing where no group has several runs.</summary>
    public static string Spread(Comparison report, Language language) =>
        ReportTables.Spread(report) is { Rows.Count: > 0 } table ? new StringBuilder("\n").Table(table, language).ToString() : "";

    /// <summary>Writes a line for each model, read by its main rule, and for each pair of them.</summary>
    public static string Short(Comparison report, Language language)
    {
        var text = new StringBuilder().Table(ReportTables.Short(report), language);
        foreach (var pair in report.Pairs.Where(p => p.Rule == report.MainRule))
            text.Append($"{ReportWords.Sentence(report, pair).In(language)}\n");
        return text.ToString();
    }

    static void Append(StringBuilder text, TrustReport trust, Language language)
    {
        foreach (var table in TrustTables.All(trust)) text.Append($"\n{table.Caption.In(language)}\n").Table(table, language);
        if (trust.OutOfScope is { IsByProbability: true }) text.Append($"{TrustWords.ByProbability.In(language)}\n");
    }

    static void Append(StringBuilder text, RobustnessReport report, RuleRobustness main, Language language)
    {
        text.Append($"\n{RobustnessWords.Title.In(language)}\n{RobustnessWords.Lead(report, main).In(language)}\n\n")
            .Table(RobustnessTables.Orders(report), language);
        if (main.Averaged is { } averaged) text.Append('\n').Table(RobustnessTables.Probabilities(averaged), language);
        text.Append('\n').Table(RobustnessTables.Places(main), language);
    }
}
