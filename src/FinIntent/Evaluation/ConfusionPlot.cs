using FinIntent.Plots;
using ScottPlot;

namespace FinIntent.Evaluation;

/// <summary>A confusion matrix as a PNG: rows are gold, columns the answer, each cell shaded by its share of the row.</summary>
public static class ConfusionPlot
{
    /// <param name="intents">What each class stands for; shown where the plot's font has the characters.</param>
    public static void Write(string path, string title, ConfusionMatrix matrix, IReadOnlyList<string>? intents = null)
    {
        PlotFont.Use();
        using var plot = new Plot();
        int rows = matrix.Classes.Count, columns = rows + 1;
        var shares = new double[rows, columns];
        var perClass = matrix.PerClass;
        for (var gold = 0; gold < rows; gold++)
        {
            for (var answer = 0; answer < columns; answer++)
            {
                // A heatmap's first row is drawn at the top, and its text is placed from the bottom.
                shares[gold, answer] = perClass[gold].Count == 0 ? 0 : (double)matrix[gold, answer] / perClass[gold].Count;
                var text = plot.Add.Text(matrix[gold, answer].ToString(), answer, rows - 1 - gold);
                text.LabelAlignment = Alignment.MiddleCenter;
                text.LabelFontSize = 18;
                text.LabelFontColor = shares[gold, answer] > 0.6 ? Colors.White : Colors.Black;
            }
        }
        var map = plot.Add.Heatmap(shares);
        map.Colormap = new ScottPlot.Colormaps.Blues().Reversed();
        map.ManualRange = new(0, 1);
        plot.MoveToBack(map);
        plot.Axes.Bottom.SetTicks([.. Enumerable.Range(0, columns).Select(i => (double)i)], [.. matrix.Classes, "?"]);
        plot.Axes.Left.SetTicks([.. Enumerable.Range(0, rows).Select(i => (double)i)], [.. Enumerable.Range(0, rows).Reverse().Select(RowName)]);
        plot.Axes.SetLimits(-0.5, columns - 0.5, -0.5, rows - 0.5);
        plot.HideGrid();
        plot.Title(title);
        plot.XLabel("answer");
        plot.YLabel("gold");
        plot.SavePng(path, 110 * columns + 100, 110 * rows + 120);

        string RowName(int row) =>
            intents is not null && intents[row] != matrix.Classes[row] && PlotFont.CanWrite(intents[row]) ? $"{intents[row]} {matrix.Classes[row]}" : matrix.Classes[row];
    }
}
