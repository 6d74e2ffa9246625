namespace FinIntent.Server.Serving;

/// <summary>Ends the waiting for a request when its caller has gone or its time is over.</summary>
sealed class Deadline : IDisposable
{
    readonly CancellationTokenSource? _source;
    readonly CancellationToken _aborted;
    readonly TimeSpan? _after;

    public Deadline(TimeSpan? after, CancellationToken aborted)
    {
        (_after, _aborted) = (after, aborted);
        if (after is not { } time) return;
        _source = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _source.CancelAfter(time);
    }

    /// <summary>It is cancelled in both cases.</summary>
    public CancellationToken Token => _source?.Token ?? _aborted;

    /// <summary>Awaits a work that the token ends.</summary>
    /// <exception cref="DeadlineException">The time is over.</exception>
    public async Task<T> Await<T>(Task<T> work)
    {
        try
        {
            return await work;
        }
        catch (OperationCanceledException) when (_after is { } time && !_aborted.IsCancellationRequested)
        {
            throw new DeadlineException(time);
        }
    }

    public void Dispose() => _source?.Dispose();
}
