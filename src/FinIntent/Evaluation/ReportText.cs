using System.Globalization;
using System.Text;

namespace FinIntent.Evaluation;

/// <summary>A report as lines for a terminal or a log.</summary>
public static class ReportText
{
    public static string Of(ModelReport report)
    {
        var text = new StringBuilder($"{report.Name}: {report.Rules.Select(r => r.Matrix.Count).FirstOrDefault()} questions\n\n");
        Append(text, [["reading", "right", "accuracy", "95 %", "macro-F1"], .. report.Rules.Select(Summary)]);
        if (report.Scored?.Probabilities is { } scores)
            text.Append(Format($"\nof the probabilities: log-loss {scores.LogLoss:f4}, Brier {scores.Brier:f4}, calibration error {scores.CalibrationError:f4}\n"));
        if (report.Disagreements is { } differ) text.Append(Format($"text and probabilities choose differently: {differ.Successes} of {differ.Trials}\n"));
        foreach (var rule in report.Rules) Append(text, report, rule);
        return text.ToString();
    }

    static string[] Summary(RuleReport rule)
    {
        var (accuracy, interval) = (rule.Matrix.Accuracy, rule.Matrix.Accuracy.Wilson95);
        return [rule.Rule, $"{accuracy.Successes}/{accuracy.Trials}", Format($"{100 * accuracy.Value:f2} %"),
            Format($"{100 * interval.Low:f1}–{100 * interval.High:f1}"), Format($"{rule.Matrix.MacroF1:f4}")];
    }

    static void Append(StringBuilder text, ModelReport report, RuleReport rule)
    {
        var matrix = rule.Matrix;
        text.Append($"\n{rule.Rule}: rows are gold, columns the answer, ? could not be read\n");
        List<string[]> rows = [["", "", "n", "precision", "recall", "F1", .. matrix.Classes, "?"]];
        foreach (var (c, i) in matrix.PerClass.Select((c, i) => (c, i)))
        {
            var counts = Enumerable.Range(0, matrix.Classes.Count + 1).Select(answer => $"{matrix[i, answer]}");
            var (label, intent) = report.Classes[i];
            rows.Add([label, intent == label ? "" : intent, $"{c.Count}", Format($"{c.Precision:f3}"), Format($"{c.Recall:f3}"), Format($"{c.F1:f3}"), .. counts]);
        }
        Append(text, rows);
    }

    /// <summary>Columns of equal width: the first two to the left, numbers to the right.</summary>
    static void Append(StringBuilder text, IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(row => Width(row[c]))).ToList();
        foreach (var row in rows)
        {
            var cells = row.Select((cell, c) =>
            {
                var blanks = new string(' ', widths[c] - Width(cell));
                return c == 0 || (c == 1 && rows[0][1].Length == 0) ? cell + blanks : blanks + cell;
            });
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
    }

    /// <summary>Terminal columns: East Asian wide characters take two.</summary>
    static int Width(string text) => text.EnumerateRunes().Sum(rune => rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF)
        or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF) or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60)
        or (>= 0xFFE0 and <= 0xFFE6) or (>= 0x20000 and <= 0x3FFFD) ? 2 : 1);

    static string Format(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
