using static FinIntent.Evaluation.Reports.NumberText;
using static FinIntent.Evaluation.Reports.RobustnessWords;

namespace FinIntent.Evaluation.Reports;

/// <summary>What the order of the options does to one model's answers.</summary>
static class RobustnessTables
{
    /// <summary>More questions would make a page too long to be read; all are in the JSON.</summary>
    public const int MostQuestions = 50;

    public static Table Orders(RobustnessReport report) => Table.Of<RuleRobustness>(ByRule, "orders",
    [
        new(ReportWords.Reading, "row", r => ReportWords.Rule(r.Rule)),
        new(("各顺序平均", "Mean over orders"), "n", r => Share(r.Mean.Value, Interval(r.Mean.Interval95))),
        new(("原顺序", "Own order"), "n", r => Percent(r.ByOrder[0].Value)),
        new(("最差", "Worst"), "n", r => Share(r.ByOrder[r.Worst].Value, report.Orders[r.Worst])),
        new(("最好", "Best"), "n", r => Share(r.ByOrder[r.Best].Value, report.Orders[r.Best])),
        new(("意图始终不变", "Intent never changes"), "n", r => Share(r.Unchanged.Value, Interval(r.Unchanged.Wilson95))),
        new(("其中答对", "of these right"), "n", r => $"{r.UnchangedRight}/{r.Unchanged.Successes}"),
        new(("多数票", "Vote of the orders"), "n", r => Percent(r.Majority.Value)),
        new(Averaged, "n", r => Percent(r.Averaged?.Accuracy.Value ?? double.NaN)),
        new(("字母偏向", "Letter bias"), "n", r => Percent(r.TotalVariation)),
    ], report.Rules);

    public static Table Places(RuleRobustness rule) => Table.Of<PlaceBias>(("各字母", "By letter"), "",
    [
        new(("字母（位置）", "Letter (place)"), "row", p => p.Label),
        new(("被选", "Chosen"), "n", p => Percent(p.Chosen.Value)),
        new(("正确答案在此", "Right answer there"), "n", p => Percent(p.Gold.Value)),
        new(("差（点）", "Difference (points)"), "n", p => new(Points(p.Difference)) { Note = PointsInterval(p.Interval95) }),
        new(("正确答案在此时的准确率", "Accuracy when the right answer is there"), "n",
            p => new(Percent(p.WhenGold.Value)) { Chart = Charts.Bar(p.WhenGold.Value) }),
        new("", "", p => Bar(p.WhenGold.Value)) { Shown = Shown.Markdown },
    ], rule.Places);

    public static Table Probabilities(AveragedProbabilities averaged) => Table.Of<(Bilingual Kind, ProbabilityScores Scores)>(Averaged, "",
    [
        new(("概率", "Probabilities"), "row", r => r.Kind),
        .. ModelTables.Scores.Select(c =>
            new Column<(Bilingual Kind, ProbabilityScores Scores)>(c.Heading, c.Class, r => c.CellOf(r.Scores))),
    ], [(("每种顺序单独计", "each order by itself"), averaged.Single), (("各顺序平均后", "averaged over the orders"), averaged.Scores)]);

    public static Table Questions(RuleRobustness rule) => Table.Of<ChangingQuestion>(ReportWords.Rule(rule.Rule), "",
    [
        new("id", "id", q => q.Id),
        new(ReportWords.Question, "text", q => q.Question),
        new(ReportWords.Gold, "name", q => q.Gold),
        new(("答对的顺序", "Right in orders"), "n", q => Of(q.Right)),
        new(("所选意图", "Intents chosen"), "text", q => VotesOf(q)),
    ], rule.Changing.Take(MostQuestions));

    static Cell Share(double value, string note) => new(Percent(value)) { Note = note };
}
