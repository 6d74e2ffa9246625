namespace FinIntent.Server.Load;

/// <summary>Says how long a load lasts. What is sent in the warm-up is counted, but its times are not.</summary>
/// <param name="Timeout">How long an answer is waited for.</param>
sealed record LoadTimes(TimeSpan WarmUp, TimeSpan Duration, TimeSpan Timeout);

/// <summary>Sends requests to a server, one load after the other, and tells how each went.</summary>
/// <remarks>An index is given to one request only, over all loads, and is its id.</remarks>
sealed class LoadGenerator(LoadTarget target, LoadRequests requests, LoadTimes times)
{
    long _lastIndex;

    /// <summary>It is given each answer; see <see cref="LoadConnection"/>. Connections call it at the same time.</summary>
    public Action<long, int, ReadOnlyMemory<byte>>? OnAnswer { get; init; }

    /// <summary>Sends from a number of clients, each of which sends its next request when it has its answer.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<LoadOutcome> Closed(int clients, CancellationToken stop)
    {
        var outcome = await Run((connections, _, end) =>
            Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Client(connections.Add(), end, stop))), stop);
        return outcome with { Clients = clients };
    }

    /// <summary>Sends at a rate, whatever is answered. A request's time counts from when it was to be sent.</summary>
    /// <param name="rate">Requests a second.</param>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<LoadOutcome> Open(double rate, LoadArrivals arrivals, CancellationToken stop)
    {
        var outcome = await Run((connections, begin, end) =>
            new OpenLoop(connections.Add, NextIndex).Run(rate, arrivals, (begin, end), stop), stop);
        return outcome with { Rate = rate };
    }

    long NextIndex() => Interlocked.Increment(ref _lastIndex);

    async Task<LoadOutcome> Run(Func<Connections, long, long, Task> load, CancellationToken stop)
    {
        using var connections = new Connections(() => new(target, requests, OnAnswer), times.Timeout);
        var processor = Environment.CpuUsage.TotalTime;
        var begin = Stopwatch.GetTimestamp();
        var from = begin + Ticks(times.WarmUp);
        var to = from + Ticks(times.Duration);
        await Task.Run(() => load(connections, begin, to), CancellationToken.None);
        stop.ThrowIfCancellationRequested();
        return new(connections.Begun, connections.Samples, from, to) { Processor = Environment.CpuUsage.TotalTime - processor };
    }

    static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    async Task Client(LoadConnection connection, long end, CancellationToken stop)
    {
        while (Stopwatch.GetTimestamp() < end && !stop.IsCancellationRequested)
        {
            await connection.Send(NextIndex(), Stopwatch.GetTimestamp());
            // A server that is gone is not asked as fast as this machine can.
            if (connection.Samples[^1].Ending == LoadEnding.NotConnected)
                await Task.Delay(10, CancellationToken.None);
        }
    }

    /// <summary>Holds the connections of a load, and ends the waiting on those that get no answer.</summary>
    sealed class Connections : IDisposable
    {
        readonly Func<LoadConnection> _make;
        readonly List<LoadConnection> _all = [];
        readonly Timer _watch;

        public Connections(Func<LoadConnection> make, TimeSpan timeout)
        {
            _make = make;
            _watch = new(_ =>
            {
                foreach (var connection in All()) connection.CloseIfWaitingLongerThan(timeout);
            }, null, 500, 500);
        }

        public long Begun => All().Sum(connection => connection.Begun);
        public IReadOnlyList<LoadSample> Samples => [.. All().SelectMany(connection => connection.Samples)];

        public LoadConnection Add()
        {
            var connection = _make();
            lock (_all) _all.Add(connection);
            return connection;
        }

        LoadConnection[] All()
        {
            lock (_all) return [.. _all];
        }

        public void Dispose()
        {
            _watch.Dispose();
            foreach (var connection in All()) connection.Dispose();
        }
    }
}
