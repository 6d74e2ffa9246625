namespace FinIntent.Server.Load;

/// <summary>Names how a request ended.</summary>
enum LoadEnding
{
    /// <summary>A whole answer came; its status says which.</summary>
    Answered,
    /// <summary>No connection could be made.</summary>
    NotConnected,
    /// <summary>The connection was closed before the first byte of an answer.</summary>
    Unanswered,
    /// <summary>The connection was closed within an answer, or the answer is no HTTP.</summary>
    Broken,
    /// <summary>No answer came in the time that the load waits.</summary>
    TimedOut,
    /// <summary>The answer was that of another request, or more came than one answer.</summary>
    NotMine,
}

/// <summary>Tells how one request went. Times are those of <see cref="Stopwatch.GetTimestamp"/>.</summary>
/// <param name="Intended">When the request was to be sent.</param>
/// <param name="Sent">When it was.</param>
/// <param name="Ended">When its answer was there.</param>
/// <param name="Status">The answer's status code; 0 where none came.</param>
/// <param name="LacksRetry">Whether a 429 came without Retry-After or without retry-after-ms.</param>
readonly record struct LoadSample(long Intended, long Sent, long Ended, LoadEnding Ending, short Status, bool LacksRetry)
{
    public double Milliseconds => (Ended - Intended) * 1000.0 / Stopwatch.Frequency;
    public double LateMilliseconds => (Sent - Intended) * 1000.0 / Stopwatch.Frequency;
}
