using System.Runtime.InteropServices;

namespace FinIntent.Cli;

/// <summary>Ctrl-C or a request to end: the first asks for an end at the next good place, a second ends the process at once.</summary>
sealed class StopRequest : IDisposable
{
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

    public void Dispose()
    {
        foreach (var signal in _signals) signal.Dispose();
        _stop.Dispose();
    }
}
