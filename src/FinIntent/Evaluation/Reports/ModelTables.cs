using static FinIntent.Evaluation.Reports.NumberText;
using static FinIntent.Evaluation.Reports.ReportWords;

namespace FinIntent.Evaluation.Reports;

/// <summary>What a report says of one model: its classes, confusions and probabilities.</summary>
static class ModelTables
{
    const int Shades = 9;

    /// <summary>As many confusions are listed where a matrix would be too wide.</summary>
    const int MostConfusions = 20;

    /// <summary>What is said of probabilities.</summary>
    public static IReadOnlyList<Column<ProbabilityScores>> Scores { get; } =
    [
        new(LogLoss, "n", s => Three(s.LogLoss)) { Json = ("log_loss", s => ReportJson.Number(s.LogLoss)) },
        new(Brier, "n", s => Three(s.Brier)) { Json = ("brier", s => ReportJson.Number(s.Brier)) },
        new(CalibrationError, "n", s => Three(s.CalibrationError)) { Json = ("ece", s => ReportJson.Number(s.CalibrationError)) },
    ];

    /// <summary>The numbers that a model has only one of.</summary>
    public static IEnumerable<(Bilingual Name, Bilingual Value)> Figures(ModelReport model)
    {
        if (model.Scored?.Probabilities is { } scores)
            foreach (var column in Scores) yield return (column.Heading, column.CellOf(scores).Text);
        if (model.Disagreements is { } differ)
            yield return (("文字（宽松）与概率选择不同的题", "Text (lenient) and probabilities choose differently"), Of(differ));
        if (model.SecondsPerQuestion is { } seconds) yield return (("平均每题秒数", "Mean seconds a question"), Three(seconds));
    }

    /// <summary>Each class by itself; in text and Markdown its row of the confusion matrix follows.</summary>
    public static Table Classes(ModelReport model, ConfusionMatrix matrix)
    {
        var classes = matrix.PerClass;
        return Table.Of<int>(PerClass, "",
        [
            NameColumn(Class, model),
            new(Count, "n", i => $"{classes[i].Count}"),
            new(("精确率", "Precision"), "n", i => Percent(classes[i].Precision)),
            new(("召回率", "Recall"), "n", i => Percent(classes[i].Recall)),
            new("F1", "n", i => Percent(classes[i].F1)),
            .. matrix.IsWide ? [] : AnswerColumns(matrix).Select(c => c with { Shown = Shown.Lines }),
        ], Enumerable.Range(0, classes.Count));
    }

    /// <summary>What was answered instead of what: the matrix, or the most frequent confusions where it would be too wide.</summary>
    public static Table Confusion(ModelReport model, ConfusionMatrix matrix) => matrix.IsWide
        ? Table.Of<(int Gold, int? Answer, int Count)>(Confusions, "",
        [
            new(Gold, "", c => matrix.Classes[c.Gold]),
            new(("回答", "Answer"), "", c => c.Answer is { } answer ? matrix.Classes[answer] : Unreadable),
            new(Count, "n", c => $"{c.Count}"),
        ], matrix.Confusions.Take(MostConfusions))
        : Table.Of(ReportWords.Confusion, "confusion", [NameColumn("", model), .. AnswerColumns(matrix)],
            Enumerable.Range(0, matrix.Classes.Count));

    /// <summary>The bins of the reliability diagram that hold an answer.</summary>
    public static Table Reliability(ProbabilityScores scores) => Table.Of<CalibrationBin>(ReportWords.Reliability, "",
    [
        new(("置信度区间", "Confidence between"), "n", b => NumberText.Interval((b.Low, b.High))),
        new(Count, "n", b => $"{b.Correct.Trials}"),
        new(("平均置信度", "Mean confidence"), "n", b => Percent(b.Confidence)),
        new(Accuracy, "n", b => Percent(b.Correct.Value)),
        new(ReportWords.Interval, "n", b => NumberText.Interval(b.Correct.Wilson95)),
    ], scores.Bins.Where(b => b.Correct.Trials > 0));

    static Column<int> NameColumn(Bilingual heading, ModelReport model) =>
        new(heading, "row", i => model.Classes[i] is var (label, intent) && label != intent ? $"{label} {intent}" : model.Classes[i].Label);

    /// <summary>How often each class was answered, shaded by its share of the row; the last column counts what could not be read.</summary>
    static IEnumerable<Column<int>> AnswerColumns(ConfusionMatrix matrix)
    {
        var classes = matrix.PerClass;
        return matrix.Classes.Select(c => (Bilingual)c).Append(Unreadable).Select((heading, answer) => new Column<int>(heading, "n", gold =>
        {
            var (count, all) = (matrix[gold, answer], classes[gold].Count);
            var shade = all == 0 ? 0 : (int)Math.Ceiling((double)Shades * count / all);
            return new($"{count}") { Class = count == 0 ? "zero" : answer == gold ? $"right{shade}" : $"wrong{shade}" };
        }));
    }
}
