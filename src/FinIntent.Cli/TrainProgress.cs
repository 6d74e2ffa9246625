using System.Diagnostics;
using FinIntent.Files;
using FinIntent.Jobs;
using FinIntent.Training;
using Spectre.Console;

namespace FinIntent.Cli;

/// <summary>Shows a training: one live line in a terminal, else plain lines.</summary>
sealed class TrainProgress : IProgress<StepReport>
{
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    readonly ProgressTask? _task;
    readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    readonly Action<string> _tell;
    double? _tokensPerSecond;

    TrainProgress(ProgressTask? task, Action<string> tell) => (_task, _tell) = (task, tell);

    /// <summary>Runs a training; what it tells stands in lines above the live one.</summary>
    public static TrainingResult Show(TextWriter output, Func<TrainingWatch, TrainingResult> run)
    {
        var isLive = output == Console.Out && !Console.IsOutputRedirected && Screen.Output.Profile.Capabilities.Interactive;
        if (!isLive) return run(new(output.WriteLine, new TrainProgress(null, output.WriteLine)));
        var screen = Screen.Output;
        Action<string> tell = line => screen.WriteLine(Inert.Text(line));
        return screen.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => run(new(tell, new TrainProgress(context.AddTask("loading"), tell))));
    }

    public void Report(StepReport report)
    {
        if (report.Loss is not null)
            _tokensPerSecond = 0.2 * report.TokensPerSecond + 0.8 * (_tokensPerSecond ?? report.TokensPerSecond);
        if (_task is not null)
        {
            _task.MaxValue = report.TotalSteps;
            _task.Value = report.Step;
            if (report.Loss is not null) _task.Description = Markup.Escape(Line(report, report.Loss.Value));
        }

        var isLogged = report.LoggedLoss is not null || report.Evaluation is not null;
        if (!isLogged && (_task is not null || _sinceLine.Elapsed < Quiet)) return;
        _sinceLine.Restart();
        _tell(report.Evaluation is { } evaluation ? Line(report, evaluation) : Line(report, report.LoggedLoss ?? report.Loss!.Value));
    }

    string Line(StepReport r, double loss) => string.Create(CultureInfo.InvariantCulture,
        $"step {r.Step}/{r.TotalSteps}  loss {loss:f4}  lr {r.LearningRate:0.00e-00}  {_tokensPerSecond:n0} tokens/s  " +
        $"left {TerminalText.Clock(r.Remaining)}");

    static string Line(StepReport r, EvaluationResult e) => string.Create(CultureInfo.InvariantCulture,
        $"step {r.Step}/{r.TotalSteps}  validation loss {e.Loss:f4}{(e.Accuracy is { } a ? $"  accuracy {a:p1}" : "")}  " +
        $"({e.Rows} rows, {e.Duration.TotalSeconds:f1} s)");
}
