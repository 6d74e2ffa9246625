using static FinIntent.Evaluation.Reports.NumberText;
using static FinIntent.Evaluation.Reports.ReportWords;

namespace FinIntent.Evaluation.Reports;

/// <summary>The tables that set models side by side. Each is said once, here; text, Markdown and the page render it.</summary>
static class ReportTables
{
    /// <summary>A model as one rule reads it.</summary>
    public sealed record Line(ModelReport Model, RuleReport Rule)
    {
        public Proportion Accuracy => Rule.Matrix.Accuracy;
    }

    /// <summary>What is measured of every model and rule. A new measure is a column here and words in ReportWords and texts.tsv.</summary>
    public static IReadOnlyList<Column<Line>> Measures { get; } =
    [
        new(Right, "n", l => Of(l.Accuracy)) { Shown = Shown.Lines, Json = ("correct", l => l.Accuracy.Successes) },
        new(Accuracy, "n main", l => new(Percent(l.Accuracy.Value)) { PageNote = Of(l.Accuracy) })
            { Json = ("accuracy", l => ReportJson.Number(l.Accuracy.Value)) },
        new(ReportWords.Interval, "n", l => NumberText.Interval(l.Accuracy.Wilson95))
            { Shown = Shown.Lines, Json = ("wilson95", l => ReportJson.Interval(l.Accuracy.Wilson95)) },
        new(ReportWords.Interval, "drawn", Drawn) { Shown = Shown.Page, Axis = Charts.Axis },
        new(MacroF1, "n", l => Percent(l.Rule.Matrix.MacroF1)) { Json = ("macro_f1", l => ReportJson.Number(l.Rule.Matrix.MacroF1)) },
        new(Matthews, "n", l => Three(l.Rule.Matrix.Matthews)) { Json = ("mcc", l => ReportJson.Number(l.Rule.Matrix.Matthews)) },
    ];

    static readonly Column<Line> NameColumn = new(Model, "row", l => l.Model.Name);
    static readonly Column<Line> RuleColumn = new(Reading, "row", l => Rule(l.Rule.Rule));

    static Cell Drawn(Line line) => new("")
    {
        Chart = Charts.Interval(line.Accuracy, line.Model.Commonest.Share.Value),
        Note = $"{NumberText.Interval(line.Accuracy.Wilson95)} %",
    };

    /// <summary>A row for each rule of one model.</summary>
    public static Table Rules(ModelReport model) =>
        Table.Of(ByRule, "rules", [RuleColumn, .. Measures], model.Rules.Select(rule => new Line(model, rule)));

    /// <summary>A row for each model and rule.</summary>
    public static Table Rules(Comparison report) => Table.Of(ByRule, "rules", [NameColumn, RuleColumn, .. Measures],
        report.Models.SelectMany(m => m.Rules, (m, rule) => new Line(m, rule)));

    /// <summary>A row for each model by the rule that says most of it.</summary>
    public static Table Short(Comparison report) =>
        Table.Of(ReportWords.Results, "results", [NameColumn, .. Measures], report.Models.Select(m => new Line(m, m.Main)));

    /// <summary>A row for each model by the report's main rule, or by the model's own where they have none in common.</summary>
    public static Table Results(Comparison report) => Table.Of(ReportWords.Results, "results",
    [
        report.MainRule is null ? NameColumn with { CellOf = l => new(l.Model.Name) { PageNote = Rule(l.Rule.Rule) } } : NameColumn,
        RuleColumn with { Shown = Shown.Lines },
        .. Measures,
    ], report.Models.Select(m => new Line(m, report.MainRule is { } main ? m[main]! : m.Main)));

    /// <summary>Accuracy with its interval, a column for each rule.</summary>
    public static Table AccuracyByRule(Comparison report) => Table.Of(ReportWords.AccuracyByRule, "rules",
    [
        new Column<ModelReport>(Model, "row", m => m.Name),
        .. report.Rules.Select(rule => new Column<ModelReport>(Rule(rule), "n", m => m[rule]?.Matrix.Accuracy is { } accuracy
            ? new Cell(Percent(accuracy.Value)) { Note = NumberText.Interval(accuracy.Wilson95) } : Unknown)),
    ], report.Models);

    /// <param name="rule">The page has a table for each rule; null: all in one table.</param>
    public static Table Pairs(Comparison report, string? rule = null) => Table.Of(
        rule is null ? ReportWords.Pairs : Rule(rule), "pairs", PairColumns(report),
        report.Pairs.Where(p => rule is null || p.Rule == rule));

    public static IReadOnlyList<Column<PairReport>> PairColumns(Comparison report) =>
    [
        new(From, "name from", p => report.Models[p.A].Name) { Json = ("a", p => report.Models[p.A].Name) },
        new(To, "name to", p => report.Models[p.B].Name) { Json = ("b", p => report.Models[p.B].Name) },
        new(Reading, "", p => Rule(p.Rule)) { Shown = Shown.Lines, Json = ("rule", p => p.Rule) },
        new(Count, "n", p => $"{p.Count}") { Json = ("count", p => p.Count) },
        new(Fixed, "n", p => $"{p.Fixed}") { Json = ("fixed", p => p.Fixed) },
        new(Broken, "n", p => $"{p.Broken}") { Json = ("broken", p => p.Broken) },
        new(("变化（点）", "Change (points)"), "n", p => Points((double)(p.Fixed - p.Broken) / p.Count)),
        new(ReportWords.P, "n", p => NumberText.P(p.P)) { Json = ("p", p => p.P) },
        new(("p（Holm）", "p (Holm)"), "n", p => NumberText.P(p.PHolm)) { Json = ("p_holm", p => p.PHolm) },
        new(("结论", "Verdict"), "name verdict", p => VerdictOf(report, p)) { Shown = Shown.Markdown | Shown.Page },
    ];

    /// <summary>The seed's results table: each model before and after fine-tuning.</summary>
    public static Table Study(Comparison report) => Table.Of<StudyRow>(ReportWords.Study, "stack study",
    [
        new(Model, "row", r => r.Failure is { } why
            ? new Cell(r.Name) { PageNote = new($"{Failure.Chinese}：{why}", $"{Failure.English}: {why}") } : r.Name),
        new(("基准准确率", "Base accuracy"), "n", r => r.Base),
        new(("微调后准确率", "Tuned accuracy"), "n", r => r.Tuned),
        new(("提升（点）", "Gain (points)"), "n", r => r.Change),
        new(("改对/改错", "Fixed/broken"), "n", r => r.Runs),
        new(ReportWords.P, "n", r => r.P),
    ], StudyRow.AllOf(report));

    /// <summary>How far the runs of each group lie apart.</summary>
    public static Table Spread(Comparison report) => Table.Of<(string Name, RunSpread Spread)>(ReportWords.Spread, "stack study",
    [
        new(Model, "row", r => r.Name),
        new(("运行次数", "Runs"), "n", r => $"{r.Spread.Count}"),
        new(("平均准确率", "Mean accuracy"), "n", r => Percent(r.Spread.Mean)),
        new(("标准差（点）", "Standard deviation (points)"), "n", r => FormattableString.Invariant($"{100 * r.Spread.Deviation:f2}")),
        new(("最低–最高", "Lowest–highest"), "n", r => NumberText.Interval((r.Spread.Lowest, r.Spread.Highest))),
        new(("回答不一致的题", "Questions not always answered alike"), "n", r => Of(r.Spread.Unsteady)),
    ], from @group in report.Groups
       where @group.Runs.Count > 1
       let spread = RunSpread.Of([.. @group.Runs.Select(run => report.Models[run])], report.RuleOf(@group))
       where spread is not null
       select (@group.Name, spread));

    /// <summary>The questions that every model gets wrong by the report's main rule, or by the first model's.</summary>
    public static Table Unsolved(Comparison report)
    {
        var rule = report.MainRule ?? report.Models[0].Main.Rule;
        return Table.Of(Rule(rule), "", UnsolvedColumns, report.Unsolved.Where(q => q.Rule == rule));
    }

    public static IReadOnlyList<Column<UnsolvedQuestion>> UnsolvedColumns { get; } =
    [
        new("id", "id", q => q.Id) { Json = ("id", q => q.Id) },
        new(Question, "text", q => q.Question) { Json = ("question", q => q.Question) },
        new(Gold, "name", q => q.Gold) { Json = ("gold", q => q.Gold) },
        new(("问过的模型数", "Models asked"), "n", q => $"{q.Asked}") { Json = ("asked", q => q.Asked) },
    ];

    /// <summary>The questions of a pair that only one of the two gets right, those that were fixed first.</summary>
    public static Table Changes(Comparison report, PairReport pair)
    {
        var (a, b) = (report.Models[pair.A], report.Models[pair.B]);
        var (ruleA, ruleB) = (a[pair.Rule]!, b[pair.Rule]!);
        bool IsRightNow((int A, int B) common) => Comparison.IsRight(b, ruleB, common.B);
        return Table.Of<(int A, int B)>(Rule(pair.Rule), "",
        [
            new(State, "", c => IsRightNow(c) ? Fixed : Broken),
            new("id", "id", c => a.Predictions[c.A].Id),
            new(Question, "text", c => a.Predictions[c.A].Question),
            new(Gold, "name", c => Comparison.Label(a.Predictions[c.A], a.Predictions[c.A].Gold)),
            new(a.Name, "name", c => ChoiceOf(a, ruleA, c.A)),
            new(b.Name, "name", c => ChoiceOf(b, ruleB, c.B)),
        ], report.Overlaps.First(o => (o.A, o.B) == (pair.A, pair.B)).Common
            .Where(c => Comparison.IsRight(a, ruleA, c.A) != IsRightNow(c)).OrderByDescending(IsRightNow));
    }

    /// <summary>The class that an answer is read as.</summary>
    public static Bilingual ChoiceOf(ModelReport model, RuleReport rule, int i) =>
        rule.Choices[i] is { } label ? Comparison.Label(model.Predictions[i], label)
            : ReportWords.Unread(AnswerOutcomes.WhyUnread(model.Predictions[i]));
}
