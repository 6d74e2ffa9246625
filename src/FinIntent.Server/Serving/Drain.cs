using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Serving;

/// <summary>Stops the server in the order that loses nothing: it is not ready, takes nothing new, answers what it has, and only then
/// closes its sockets.</summary>
sealed partial class Drain(HostSlot slot, ServeOptions options, ILogger<Drain> log) : IHostedLifecycleService
{
    /// <summary>Callers that hear of the stop only by a refused request get their 503 in this time, and not a closed socket.</summary>
    static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(200);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (slot.Current is not { } host) return;
        Begun(log, host.Admission.Rows);
        try
        {
            await host.Admission.Drain().WaitAsync(options.DrainTimeout, cancellationToken);
            await Task.Delay(Grace, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            GivenUp(log, host.Admission.Rows, options.DrainTimeout.TotalSeconds);
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(Level = LogLevel.Information, Message = "stopping: {Rows} accepted texts are answered first")]
    static partial void Begun(ILogger log, int rows);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Rows} accepted texts were not answered within --drain-timeout {Seconds}")]
    static partial void GivenUp(ILogger log, int rows, double seconds);
}
