using System.Runtime.InteropServices;

namespace FinIntent.Cli;

/// <summary>Ctrl-C or a request to end: the first asks for an end at the next good place, a second ends the process at once.</summary>
sealed class StopRequest : IDisposable
{
    public const string Notice = "stopping; once more to stop at once";

    /// <summary>Windows gives a program 5 s from the closing of its window on; a little of that is left for the end itself.</summary>
    static readonly TimeSpan Closing = TimeSpan.FromSeconds(4.5);

    readonly CancellationTokenSource _stop = new();
    readonly ManualResetEventSlim _done = new();
    readonly PosixSignalRegistration[] _signals;

    /// <param name="notice">The line that is written to <paramref name="error"/> when the first one comes.</param>
    public StopRequest(string notice, TextWriter error)
    {
        _signals = [.. Signals(OperatingSystem.IsWindows()).Select(signal => PosixSignalRegistration.Create(signal, Stop))];

        void Stop(PosixSignalContext context)
        {
            context.Cancel = !_stop.IsCancellationRequested;
            if (context.Cancel) error.WriteLine(notice);
            _stop.Cancel();
            if (EndsBehindHandler(context.Signal, OperatingSystem.IsWindows())) _done.Wait(Closing);
        }
    }

    /// <summary>Returns the signals that ask for an end. On Windows they are Ctrl-C, Ctrl-Break, the closing of the window, and the
    /// system's shutdown; elsewhere a closed terminal (SIGHUP) keeps its meaning, so that `nohup` works.</summary>
    internal static IReadOnlyList<PosixSignal> Signals(bool isWindows) => isWindows
        ? [PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGHUP, PosixSignal.SIGTERM]
        : [PosixSignal.SIGINT, PosixSignal.SIGTERM];

    /// <summary>Says whether the system ends the process as soon as the handler has returned, whatever the handler says.</summary>
    internal static bool EndsBehindHandler(PosixSignal signal, bool isWindows) =>
        isWindows && signal is (PosixSignal.SIGHUP or PosixSignal.SIGTERM);

    public CancellationToken Token => _stop.Token;

    /// <summary>Does a work that may be stopped.</summary>
    /// <param name="kept">What is said of a work that was stopped: what is kept, and how to go on.</param>
    /// <returns>The exit code, which is 1 when the work was stopped.</returns>
    public static int Watch(TextWriter error, string kept, Action<CancellationToken> work)
    {
        using var stop = new StopRequest(Notice, error);
        try
        {
            work(stop.Token);
            return 0;
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            error.WriteLine($"stopped; {kept}");
            return 1;
        }
    }

    public void Dispose()
    {
        _done.Set(); // before the handlers are waited for
        foreach (var signal in _signals) signal.Dispose();
        _stop.Dispose();
    }
}
