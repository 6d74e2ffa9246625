using System.Diagnostics;
using FinIntent.Files;
using FinIntent.Hub;
using Spectre.Console;

namespace FinIntent.Cli;

/// <summary>Shows a download on standard error, where results do not stand: one live line in a terminal, else plain lines.</summary>
sealed class DownloadProgress : IProgress<DownloadReport>
{
    static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);

    readonly ProgressTask? _task;
    readonly Action<string> _tell;
    readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    readonly Lock _lock = new();

    DownloadProgress(ProgressTask? task, Action<string> tell) => (_task, _tell) = (task, tell);

    /// <summary>Runs <paramref name="work"/> with what a download reports to.</summary>
    public static void Show(TextWriter error, Action<HubContext> work)
    {
        var screen = Screen.Error;
        if (Console.IsErrorRedirected || error != Console.Error || !screen.Profile.Capabilities.Interactive)
        {
            work(Context(null, error.WriteLine));
            return;
        }
        screen.Progress()
            .AutoClear(true)
            .HideCompleted(true)
            .Columns(new ProgressBarColumn { Width = 20 }, new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .Start(context => work(Context(context.AddTask("looking", autoStart: true), line => screen.WriteLine(Inert.Text(line)))));
    }

    static HubContext Context(ProgressTask? task, Action<string> tell) => new(tell) { Progress = new DownloadProgress(task, tell) };

    public void Report(DownloadReport report)
    {
        lock (_lock)
        {
            if (_task is not null)
            {
                _task.MaxValue = Math.Max(1, report.TotalBytes);
                _task.Value = report.Bytes;
                _task.Description = Markup.Escape(Inert.Text(Line(report)));
            }
            var isLast = report.Files == report.TotalFiles && report.TotalFiles > 0;
            if (!isLast && (_task is not null || _sinceLine.Elapsed < Quiet)) return;
            _sinceLine.Restart();
            _tell(Line(report));
        }
    }

    static string Line(DownloadReport r)
    {
        var rate = r.BytesPerSecond > 0 ? string.Create(CultureInfo.InvariantCulture, $", {r.BytesPerSecond / 1e6:f1} MB/s") : "";
        var left = r is { Remaining: { } remaining } && r.Bytes < r.TotalBytes ? $", left {TerminalText.Clock(remaining)}" : "";
        return string.Create(CultureInfo.InvariantCulture,
            $"{r.Name}: {r.Bytes / 1e6:n1}/{r.TotalBytes / 1e6:n1} MB, {r.Files}/{r.TotalFiles} files{rate}{left}");
    }
}
