using System.Text;

namespace FinIntent.Evaluation.Reports;

/// <summary>A report as lines for a terminal or a log.</summary>
public static class ReportText
{
    /// <summary>Listed where a matrix would be too wide.</summary>
    internal const int MostConfusions = 20;

    public static string Of(ModelReport report)
    {
        var text = new StringBuilder($"{report.Name}: {report.Rules.Select(r => r.Matrix.Count).FirstOrDefault()} questions\n\n");
        Append(text, [["reading", "right", "accuracy", "95 %", "macro-F1"], .. report.Rules.Select(Summary)]);
        if (report.Scored?.Probabilities is { } scores)
            text.Append(Numbers.Format($"\nof the probabilities: log-loss {scores.LogLoss:f4}, Brier {scores.Brier:f4}, calibration error {scores.CalibrationError:f4}\n"));
        if (report.Disagreements is { } differ) text.Append(Numbers.Format($"text and probabilities choose differently: {differ.Successes} of {differ.Trials}\n"));
        foreach (var rule in report.Rules) Append(text, report, rule);
        if (report.Robustness is { } robustness) Append(text, robustness, robustness[report.Main.Rule] ?? robustness.Rules[^1]);
        return text.ToString();
    }

    /// <summary>A line for each model and rule, a line for each pair and rule, and what could not be compared.</summary>
    public static string Of(Comparison report)
    {
        var text = new StringBuilder();
        Append(text, [["model", "reading", "right", "accuracy", "95 %", "macro-F1"], .. report.Models.SelectMany(m => m.Rules.Select(r => (string[])[m.Name, .. Summary(r)]))], 2);
        if (report.Pairs.Count > 0)
        {
            text.Append('\n');
            Append(text, [["from", "to", "reading", "questions", "fixed", "broken", "p", "p (Holm)"], .. report.Pairs.Select(p => Summary(report, p))], 3);
        }
        foreach (var note in Words.Notes(report)) text.Append('\n').Append(note.English).Append('\n');
        return text.ToString();
    }

    /// <summary>The seed's table: a line for each model before and after fine-tuning, then how far its runs lie apart.</summary>
    public static string Study(Comparison report)
    {
        var text = new StringBuilder();
        var rows = StudyTable.Of(report).ToList();
        Append(text, [[.. StudyTable.Header.Select(w => w.English.ToLowerInvariant())], .. rows.Select(r => (string[])[r.Name, r.Base, r.Tuned, r.Change, r.Runs, r.P])]);
        text.Append(Spread(report));
        foreach (var row in rows.Where(r => r.Failure is not null)) text.Append($"\nnot finished: {row.Name}: {row.Failure}\n");
        return text.ToString();
    }

    /// <summary>Empty where no group has several runs.</summary>
    public static string Spread(Comparison report)
    {
        var spread = RunSpread.RowsOf(report).ToList();
        var text = new StringBuilder();
        if (spread.Count > 0) Append(text.Append('\n'), [["runs of", "runs", "mean", "sd (points)", "lowest–highest", "not always alike"], .. spread]);
        return text.ToString();
    }

    /// <summary>A line for each model, read by its main rule, and for each pair of them.</summary>
    public static string Short(Comparison report)
    {
        var text = new StringBuilder();
        Append(text, [["", "right", "accuracy", "95 % interval", "macro-F1"], .. report.Models.Select(m => (string[])[m.Name, Numbers.Of(m.Main.Matrix.Accuracy),
            Numbers.Percent(m.Main.Matrix.Accuracy.Value), Numbers.Interval(m.Main.Matrix.Accuracy.Wilson95), Numbers.Percent(m.Main.Matrix.MacroF1)])]);
        foreach (var pair in report.Pairs.Where(p => p.Rule == report.MainRule))
            text.Append($"{report.Models[pair.B].Name} against {report.Models[pair.A].Name}: {pair.Fixed} fixed, {pair.Broken} broken, p {Numbers.WithSign(pair.P)} (exact McNemar)\n");
        return text.ToString();
    }

    static string[] Summary(Comparison report, PairReport pair) => [report.Models[pair.A].Name, report.Models[pair.B].Name, pair.Rule, $"{pair.Count}",
        $"{pair.Fixed}", $"{pair.Broken}", Numbers.P(pair.P), Numbers.P(pair.PHolm)];

    static string[] Summary(RuleReport rule)
    {
        var (accuracy, interval) = (rule.Matrix.Accuracy, rule.Matrix.Accuracy.Wilson95);
        return [rule.Rule, Numbers.Of(accuracy), Numbers.Format($"{100 * accuracy.Value:f2} %"),
            Numbers.Interval(interval), Numbers.Format($"{rule.Matrix.MacroF1:f4}")];
    }

    static void Append(StringBuilder text, ModelReport report, RuleReport rule)
    {
        var matrix = rule.Matrix;
        text.Append(matrix.IsWide ? $"\n{rule.Rule}\n" : $"\n{rule.Rule}: rows are gold, columns the answer, ? could not be read\n");
        List<string[]> rows = [["", "", "n", "precision", "recall", "F1", .. matrix.IsWide ? [] : (string[])[.. matrix.Classes, "?"]]];
        foreach (var (c, i) in matrix.PerClass.Select((c, i) => (c, i)))
        {
            var counts = matrix.IsWide ? [] : Enumerable.Range(0, matrix.Classes.Count + 1).Select(answer => $"{matrix[i, answer]}");
            var (label, intent) = report.Classes[i];
            rows.Add([label, intent == label ? "" : intent, $"{c.Count}", Numbers.Format($"{c.Precision:f3}"), Numbers.Format($"{c.Recall:f3}"), Numbers.Format($"{c.F1:f3}"), .. counts]);
        }
        Append(text, rows, words: 2);
        if (!matrix.IsWide || matrix.Confusions is not { Count: > 0 } confusions) return;
        text.Append($"\n{rule.Rule}: the most frequent confusions, gold and answer\n");
        Append(text, [.. confusions.Take(MostConfusions).Select(c => (string[])[matrix.Classes[c.Gold], c.Answer is { } answer ? matrix.Classes[answer] : "?", $"{c.Count}"])], words: 2);
    }

    static void Append(StringBuilder text, RobustnessReport report, RuleRobustness main)
    {
        text.Append($"\nrobustness: {report.Questions} questions with their options in {report.Orders.Count} orders\n");
        Append(text, [["reading", "mean", "95 %", "own", "worst", "", "best", "", "never changes", "right", "vote", "averaged", "letter bias"], .. report.Rules.Select(rule => (string[])
        [
            rule.Rule, Numbers.Percent(rule.Mean.Value), Numbers.Interval(rule.Mean.Interval95), Numbers.Percent(rule.ByOrder[0].Value),
            Numbers.Percent(rule.ByOrder[rule.Worst].Value), report.Orders[rule.Worst], Numbers.Percent(rule.ByOrder[rule.Best].Value), report.Orders[rule.Best],
            Numbers.Of(rule.Unchanged), $"{rule.UnchangedRight}", Numbers.Percent(rule.Majority.Value), Numbers.Percent(rule.Averaged?.Accuracy.Value ?? double.NaN), Numbers.Percent(rule.TotalVariation),
        ])]);
        if (main.Averaged is { } averaged)
            text.Append(Numbers.Format($"probabilities averaged over the orders: log-loss {averaged.Scores.LogLoss:f4} ({averaged.Single.LogLoss:f4} before), calibration error {averaged.Scores.CalibrationError:f4} ({averaged.Single.CalibrationError:f4})\n"));
        text.Append($"\n{main.Rule}: letters, or places of the list, over all orders\n");
        Append(text, [["", "chosen", "right answer there", "difference", "95 %", "accuracy then"], .. main.Places.Select(p => (string[])
            [p.Label, Numbers.Percent(p.Chosen.Value), Numbers.Percent(p.Gold.Value), Numbers.Points(p.Difference), Numbers.PointsInterval(p.Interval95), Numbers.Percent(p.WhenGold.Value)])]);
    }

    /// <summary>Columns of equal width: words to the left, numbers to the right.</summary>
    static void Append(StringBuilder text, IReadOnlyList<string[]> rows, int words = 1)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(row => Width(row[c]))).ToList();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, c) =>
            {
                var blanks = new string(' ', widths[c] - Width(cell));
                return c < words ? cell + blanks : blanks + cell;
            });
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
    }

    /// <summary>Terminal columns: East Asian wide characters take two.</summary>
    static int Width(string text) => text.EnumerateRunes().Sum(rune => rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF)
        or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60)
        or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1);
}
