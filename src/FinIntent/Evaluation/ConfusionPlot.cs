using FinIntent.Files;
using FinIntent.Plots;
using ScottPlot;

namespace FinIntent.Evaluation;

/// <summary>A confusion matrix as a PNG: rows are gold, columns the answer, each cell shaded by its share of the row.</summary>
static class ConfusionPlot
{
    // The pixels of a cell's side, and about the most of the picture's: 200 classes still make one that can be opened.
    const int LargestCell = 110, SmallestCell = 14, MostPixels = 3300, SmallestWithText = 28;

    /// <summary>Writes confusion_RULE.png for every rule of a model, or warns that they cannot be drawn here.</summary>
    public static void WriteAll(string folder, ModelReport report, Action<string> warn) => Optional.Try("the confusion pictures", () =>
    {
        foreach (var rule in report.Rules)
            Write(Path.Combine(folder, $"confusion_{rule.Rule}.png"), rule.Rule, rule.Matrix, [.. report.Classes.Select(c => c.Intent)]);
    }, warn);

    /// <param name="intents">What each class stands for; shown where the plot's font has the characters.</param>
    public static void Write(string path, string title, ConfusionMatrix matrix, IReadOnlyList<string>? intents = null)
    {
        PlotFont.Use();
        using var plot = new Plot();
        int rows = matrix.Classes.Count, columns = rows + 1;
        var cell = Math.Clamp(MostPixels / columns, SmallestCell, LargestCell);
        var map = plot.Add.Heatmap(Shares(plot, matrix, cell));
        map.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        map.ManualRange = new(0, 1);
        plot.MoveToBack(map);
        var names = Enumerable.Range(0, rows).Select(row => RowName(matrix, intents, row)).ToList();
        var answers = matrix.IsWide ? Enumerable.Range(1, rows).Select(i => $"{i}") : matrix.Classes;
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, columns).Select(i => (double)i)], [.. answers, "?"]);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, rows).Select(i => (double)i)], [.. Enumerable.Reverse(names)]);
        if (cell < SmallestWithText) plot.Axes.Bottom.TickLabelStyle.FontSize = plot.Axes.Left.TickLabelStyle.FontSize = cell * 0.6f;
        plot.Axes.SetLimits(-0.5, columns - 0.5, -0.5, rows - 0.5);
        plot.HideGrid();
        plot.Title(title);
        plot.XLabel("answer");
        plot.YLabel("gold");
        plot.SavePng(path, cell * columns + 100 + (matrix.IsWide ? 7 * names.Max(n => n.Length) : 0), cell * rows + 120);
    }

    static double[,] Shares(Plot plot, ConfusionMatrix matrix, int cell)
    {
        int rows = matrix.Classes.Count, columns = rows + 1;
        var shares = new double[rows, columns];
        var perClass = matrix.PerClass;
        for (var gold = 0; gold < rows; gold++)
        {
            for (var answer = 0; answer < columns; answer++)
            {
                // A heatmap's first row is drawn at the top, and its text is placed from the bottom.
                shares[gold, answer] = perClass[gold].Count == 0 ? 0 : (double)matrix[gold, answer] / perClass[gold].Count;
                if (cell < LargestCell && (cell < SmallestWithText || matrix[gold, answer] == 0)) continue;
                var text = plot.Add.Text(matrix[gold, answer].ToString(), answer, rows - 1 - gold);
                text.LabelAlignment = Alignment.MiddleCenter;
                text.LabelFontSize = Math.Min(18, cell * 0.5f);
                text.LabelFontColor = shares[gold, answer] > 0.6 ? Colors.White : Colors.Black;
            }
        }
        return shares;
    }

    /// <summary>Where names do not fit below the columns these are numbered, and so are the rows.</summary>
    static string RowName(ConfusionMatrix matrix, IReadOnlyList<string>? intents, int row)
    {
        var label = matrix.Classes[row];
        if (matrix.IsWide) return PlotFont.CanWrite(label) ? $"{label}  {row + 1}" : $"{row + 1}";
        return intents is not null && intents[row] != label && PlotFont.CanWrite(intents[row]) ? $"{intents[row]} {label}" : label;
    }
}
