namespace FinIntent.Evaluation.Reports;

/// <summary>What a report says about the order of the options, in both languages.</summary>
static class RobustnessWords
{
    public static readonly Bilingual Title = new("选项顺序", "Robustness: the order of the options");
    public static readonly Bilingual ByRule = new("选项换序后的准确率", "Accuracy with the options in other orders");
    public static readonly Bilingual Averaged = new("概率平均", "Averaged probabilities");
    public static readonly Bilingual Spread = new("各顺序的准确率：柱高是有多少种顺序", "Accuracy by order: a bar is as high as orders have it");

    public static Bilingual About => ReportWords.Text("robustness");

    public static Bilingual Lead(RobustnessReport report, RuleRobustness rule)
    {
        var (mean, interval) = (NumberText.Percent(rule.Mean.Value), NumberText.Interval(rule.Mean.Interval95));
        var (low, high) = (NumberText.Percent(rule.ByOrder[rule.Worst].Value), NumberText.Percent(rule.ByOrder[rule.Best].Value));
        var (worst, best, read) = (report.Orders[rule.Worst], report.Orders[rule.Best], ReportWords.Rule(rule.Rule));
        return new(
            $"{report.Questions} 题，{report.Orders.Count} 种选项顺序。按“{read.Chinese}”，平均准确率 {mean}（95 % 区间 {interval}），" +
            $"从 {low}（{worst}）到 {high}（{best}）；" +
            $"{NumberText.Of(rule.Unchanged)} 题的意图在所有顺序下都不变，其中 {rule.UnchangedRight} 题答对。",
            $"{ReportWords.Of(report.Questions, "question")}, {report.Orders.Count} orders of the options. By {read.English}, " +
            $"mean accuracy is {mean} (95 % interval {interval}), from {low} ({worst}) to {high} ({best}); " +
            $"{NumberText.Of(rule.Unchanged)} questions are given the same intent in every order, {rule.UnchangedRight} of them rightly.");
    }

    public static Bilingual Changing(RuleRobustness rule) =>
        new($"意图随顺序改变的题（{rule.Changing.Count}）", $"Questions whose intent depends on the order ({rule.Changing.Count})");

    /// <summary>How many questions are not shown; null where all are.</summary>
    public static Bilingual? More(RuleRobustness rule)
    {
        var count = rule.Changing.Count - RobustnessTables.MostQuestions;
        return count <= 0 ? null : new($"另有 {count} 题，见 summary.json。", $"{count} more are in summary.json.");
    }

    /// <summary>"大盘问询 3, 个股问询 2", and how many could not be read.</summary>
    public static Bilingual VotesOf(ChangingQuestion question)
    {
        var read = string.Join(", ", question.Votes.Select(v => $"{v.Intent} {v.Orders}"));
        var unread = question.Right.Trials - question.Votes.Sum(v => v.Orders);
        if (unread == 0) return read;
        var comma = read.Length > 0 ? ", " : "";
        return new($"{read}{comma}{ReportWords.Unreadable.Chinese} {unread}", $"{read}{comma}{ReportWords.Unreadable.English} {unread}");
    }
}
