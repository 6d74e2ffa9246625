using System.Diagnostics;
using System.Globalization;
using FinIntent.Training;
using Spectre.Console;

namespace FinIntent.Cli;

/// <summary>A run in the terminal: one live line there, plain lines elsewhere.</summary>
sealed class TrainProgress : IProgress<StepReport>
{
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    readonly ProgressTask? _task;
    readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    double? _tokensPerSecond;

    TrainProgress(ProgressTask? task) => _task = task;

    static bool IsLive => AnsiConsole.Profile.Capabilities.Interactive && !Console.IsOutputRedirected;

    /// <summary>A line above the live one.</summary>
    public static void Tell(string line)
    {
        if (IsLive) AnsiConsole.WriteLine(line);
        else Console.WriteLine(line);
    }

    /// <summary>Runs <paramref name="work"/> with the progress to report to.</summary>
    public static T Show<T>(Func<IProgress<StepReport>, T> work)
    {
        if (!IsLive) return work(new TrainProgress(null));
        return AnsiConsole.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => work(new TrainProgress(context.AddTask("loading"))));
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
        Tell(report.Evaluation is { } evaluation ? Line(report, evaluation) : Line(report, report.LoggedLoss ?? report.Loss!.Value));
    }

    string Line(StepReport r, double loss) => string.Create(CultureInfo.InvariantCulture,
        $"step {r.Step}/{r.TotalSteps}  loss {loss:f4}  lr {r.LearningRate:0.00e-00}  {_tokensPerSecond:n0} tokens/s  left {TrainerLog.Clock(r.Remaining)}");

    static string Line(StepReport r, EvaluationResult e) => string.Create(CultureInfo.InvariantCulture,
        $"step {r.Step}/{r.TotalSteps}  validation loss {e.Loss:f4}{(e.Accuracy is { } a ? $"  accuracy {a:p1}" : "")}  ({e.Rows} rows, {e.Duration.TotalSeconds:f1} s)");
}
