using FinIntent.Plots;
using ScottPlot;

namespace FinIntent.Training;

/// <summary>Draws training_loss.png and training_eval_loss.png.</summary>
static class LossPlot
{
    public const string TrainingFile = "training_loss.png";
    public const string EvaluationFile = "training_eval_loss.png";

    public static void Write(string folder, IReadOnlyList<LogEntry> history)
    {
        var losses = history.Where(e => e.Loss is not null).Select(e => (e.Step, Value: e.Loss!.Value)).ToList();
        var evaluations = history.Where(e => e.EvalLoss is not null).Select(e => (e.Step, Value: e.EvalLoss!.Value)).ToList();
        if (losses.Count > 0) Write(Path.Combine(folder, TrainingFile), "training loss", losses, isSmoothed: true);
        if (evaluations.Count > 0) Write(Path.Combine(folder, EvaluationFile), "loss on validation rows", evaluations, isSmoothed: false);
    }

    static void Write(string path, string title, List<(int Step, double Value)> points, bool isSmoothed)
    {
        PlotFont.Use();
        using var plot = new Plot();
        double[] steps = [.. points.Select(p => (double)p.Step)], values = [.. points.Select(p => p.Value)];
        var line = plot.Add.Scatter(steps, values, isSmoothed ? Colors.C0.WithAlpha(0.4) : Colors.C0);
        if (isSmoothed)
        {
            line.LegendText = "each log line";
            var smooth = plot.Add.ScatterLine(steps, Smoothed(values), Colors.C0);
            smooth.LineWidth = 2;
            smooth.LegendText = "smoothed";
            plot.ShowLegend(Alignment.UpperRight);
        }
        plot.Title(title);
        plot.XLabel("step");
        plot.YLabel("loss");
        plot.SavePng(path, 900, 540);
    }

    /// <summary>Returns a running mean whose weights fall by a tenth a point.</summary>
    internal static double[] Smoothed(IReadOnlyList<double> values)
    {
        var smooth = new double[values.Count];
        double sum = 0, weight = 0;
        for (var i = 0; i < smooth.Length; i++)
        {
            (sum, weight) = (0.9 * sum + values[i], 0.9 * weight + 1);
            smooth[i] = sum / weight;
        }
        return smooth;
    }
}
