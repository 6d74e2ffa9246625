using System.Runtime.InteropServices;

namespace FinIntent.Cli;

/// <summary>Ctrl-C or a request to end: the first asks for an end at the next good place, a second ends the process at once.</summary>
sealed class StopRequest : IDisposable
{
    public const string Notice = "stopping; once more to stop at once";

    readonly CancellationTokenSource _stop = new();
    readonly PosixSignalRegistration[] _signals;

    /// <param name="notice">The line that is written to <paramref name="error"/> when the first one comes.</param>
    public StopRequest(string notice, TextWriter error)
    {
        _signals = [PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop), PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop)];

        void Stop(PosixSignalContext context)
        {
            context.Cancel = !_stop.IsCancellationRequested;
            if (context.Cancel) error.WriteLine(notice);
            _stop.Cancel();
        }
    }

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
        foreach (var signal in _signals) signal.Dispose();
        _stop.Dispose();
    }
}
