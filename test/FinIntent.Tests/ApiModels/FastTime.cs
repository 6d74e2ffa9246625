using System.Collections.Concurrent;
using System.Diagnostics;

namespace FinIntent.Tests.ApiModels;

/// <summary>A clock that runs many times as fast: waits of seconds take milliseconds.</summary>
sealed class FastTime(double factor) : TimeProvider
{
    readonly long _begin = Stopwatch.GetTimestamp();
    readonly DateTimeOffset _beginUtc = DateTimeOffset.UtcNow;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => (Stopwatch.GetElapsedTime(_begin) * factor).Ticks;

    public override DateTimeOffset GetUtcNow() => _beginUtc + TimeSpan.FromTicks(GetTimestamp());

    /// <summary>Every time that was asked for, in its order.</summary>
    public ConcurrentQueue<TimeSpan> Asked { get; } = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Asked.Enqueue(dueTime);
        return new FastTimer(this, System.CreateTimer(callback, state, Real(dueTime), Real(period)));
    }

    // Rounded up, so that a wait is never shorter than asked for.
    TimeSpan Real(TimeSpan time) => time <= TimeSpan.Zero ? time : TimeSpan.FromMilliseconds(Math.Ceiling(time.TotalMilliseconds / factor));

    sealed class FastTimer(FastTime time, ITimer timer) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(time.Real(dueTime), time.Real(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
