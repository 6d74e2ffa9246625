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
        new(Mean, "n", r => Share(r.Mean.Value, Interval(r.Mean.Interval95))),
        new(Own, "n", r => Percent(r.ByOrder[0].Value)),
        new(Worst, "n", r => Share(r.ByOrder[r.Worst].Value, report.Orders[r.Worst])),
        new(Best, "n", r => Share(r.ByOrder[r.Best].Value, report.Orders[r.Best])),
        new(Unchanged, "n", r => Share(r.Unchanged.Value, Interval(r.Unchanged.Wilson95))),
        new(UnchangedRight, "n", r => $"{r.UnchangedRight}/{r.Unchanged.Successes}"),
        new(Majority, "n", r => Percent(r.Majority.Value)),
        new(Averaged, "n", r => Percent(r.Averaged?.Accuracy.Value ?? double.NaN)),
        new(TotalVariation, "n", r => Percent(r.TotalVariation)),
    ], report.Rules);

    public static Table Places(RuleRobustness rule) => Table.Of<PlaceBias>(ByLetter, "",
    [
        new(Letter, "row", p => p.Label),
        new(Chosen, "n", p => Percent(p.Chosen.Value)),
        new(GoldThere, "n", p => Percent(p.Gold.Value)),
        new(Difference, "n", p => new(Points(p.Difference)) { Note = PointsInterval(p.Interval95) }),
        new(WhenGold, "n", p => new(Percent(p.WhenGold.Value)) { Chart = Charts.Bar(p.WhenGold.Value) }),
        new("", "", p => Bar(p.WhenGold.Value)) { Shown = Shown.Markdown },
    ], rule.Places);

    public static Table Probabilities(AveragedProbabilities averaged) => Table.Of<(Bilingual Kind, ProbabilityScores Scores)>(Averaged, "",
    [
        new(Kind, "row", r => r.Kind),
        new(ReportWords.LogLoss, "n", r => Three(r.Scores.LogLoss)),
        new(ReportWords.Brier, "n", r => Three(r.Scores.Brier)),
        new(ReportWords.CalibrationError, "n", r => Three(r.Scores.CalibrationError)),
    ], [(RobustnessWords.Single, averaged.Single), (OverOrders, averaged.Scores)]);

    public static Table Questions(RuleRobustness rule) => Table.Of<ChangingQuestion>(ReportWords.Rule(rule.Rule), "",
    [
        new("id", "id", q => q.Id),
        new(ReportWords.Question, "text", q => q.Question),
        new(ReportWords.Gold, "name", q => q.Gold),
        new(RightOrders, "n", q => Of(q.Right)),
        new(Votes, "text", q => VotesOf(q)),
    ], rule.Changing.Take(MostQuestions));

    static Cell Share(double value, string note) => new(Percent(value)) { Note = note };
}
