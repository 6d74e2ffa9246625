namespace FinIntent.Server.Load;

/// <summary>Names how the times between the requests of an open loop lie.</summary>
enum LoadArrivals
{
    /// <summary>They are those of many users who know nothing of each other: exponentially distributed.</summary>
    Poisson,
    /// <summary>They are all alike.</summary>
    Constant,
}

/// <summary>Sends requests at times that do not depend on answers, so that a slow server is not spared by waiting clients.</summary>
/// <remarks>
/// A request takes a connection that is free, or a new one. Once 2,048 are in use it waits for one; its time runs from when it was to be
/// sent, so that this waiting counts, too.
/// </remarks>
sealed class OpenLoop(Func<LoadConnection> connect, Func<long> nextIndex)
{
    const int MostConnections = 2048, Seed = 1;

    readonly Lock _lock = new();
    readonly Stack<LoadConnection> _free = [];
    readonly Queue<long> _waiting = [];
    readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _connections, _running;
    bool _isOver;

    /// <returns>A task that ends when every request has its answer, or has none in its time.</returns>
    public Task Run(double rate, LoadArrivals arrivals, (long Begin, long End) time, CancellationToken stop)
    {
        // The thread sleeps until the next request; a timer of the pool would come late whenever the pool is busy with answers.
        new Thread(() => SendAll(rate, arrivals, time, stop)) { IsBackground = true, Name = "FinIntent load" }.Start();
        return _done.Task;
    }

    void SendAll(double rate, LoadArrivals arrivals, (long Begin, long End) time, CancellationToken stop)
    {
        var random = new Random(Seed);
        for (double next = time.Begin; next < time.End && !stop.IsCancellationRequested;)
        {
            SleepUntil((long)next);
            Send((long)next);
            var gap = arrivals == LoadArrivals.Poisson ? -Math.Log(1 - random.NextDouble()) : 1;
            next += gap * Stopwatch.Frequency / rate;
        }
        lock (_lock)
        {
            _isOver = true;
            if (_running == 0) _done.TrySetResult();
        }
    }

    /// <summary>A sleep may be too long by a millisecond, which the request's time then contains.</summary>
    static void SleepUntil(long time)
    {
        while (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), time) is { Ticks: > 0 } left)
            Thread.Sleep(Math.Max(1, (int)left.TotalMilliseconds));
    }

    void Send(long intended)
    {
        LoadConnection? connection;
        lock (_lock)
        {
            if (!_free.TryPop(out connection))
            {
                if (_connections == MostConnections)
                {
                    _waiting.Enqueue(intended);
                    return;
                }
                _connections++;
            }
            _running++;
        }
        _ = Use(connection ?? connect(), intended);
    }

    async Task Use(LoadConnection connection, long intended)
    {
        while (true)
        {
            await connection.Send(nextIndex(), intended);
            lock (_lock)
            {
                if (_waiting.TryDequeue(out intended)) continue;
                _free.Push(connection);
                if (--_running == 0 && _isOver) _done.TrySetResult();
                return;
            }
        }
    }
}
