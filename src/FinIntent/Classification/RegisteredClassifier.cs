using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FinIntent.Classification;

/// <summary>Is a container's classifier: it is loaded once, when it is first wanted, and disposed with the container.</summary>
/// <param name="name">The options' name.</param>
sealed class RegisteredClassifier(IOptionsMonitor<IntentClassifierOptions> options, string name,
    ILoggerFactory? loggers, IMeterFactory? meters) : IDisposable, IAsyncDisposable
{
    readonly CancellationTokenSource _disposed = new();
    readonly Lock _loading = new();
    Task<IntentClassifier>? _classifier;

    /// <exception cref="UserErrorException">The model cannot be loaded; so say all further calls.</exception>
    /// <exception cref="OptionsValidationException">The options are not valid.</exception>
    public Task<IntentClassifier> Load()
    {
        lock (_loading)
        {
            ObjectDisposedException.ThrowIf(_disposed.IsCancellationRequested, this);
            if (_classifier is not null) return _classifier;
            var chosen = options.Get(name);
            return _classifier = IntentClassifier.LoadAsync(chosen.Model!, chosen, loggers, meters, _disposed.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync().ConfigureAwait(false);
        Task<IntentClassifier>? loading;
        lock (_loading) loading = _classifier;
        if (loading is null) return;
        await ((Task)loading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (loading.IsCompletedSuccessfully) await loading.Result.DisposeAsync().ConfigureAwait(false);
    }

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();
}
