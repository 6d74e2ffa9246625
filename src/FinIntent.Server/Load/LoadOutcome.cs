namespace FinIntent.Server.Load;

/// <summary>Tells how a load went. Every request that was begun has exactly one end, so nothing is left out of the numbers.</summary>
/// <param name="Sent">The requests that were begun, in the warm-up, too.</param>
/// <param name="All">How each of them went.</param>
/// <param name="From">When the warm-up ended.</param>
/// <param name="To">When the sending ended.</param>
sealed record LoadOutcome(long Sent, IReadOnlyList<LoadSample> All, long From, long To)
{
    readonly List<LoadSample> _measured = [.. All.Where(sample => sample.Intended >= From && sample.Intended < To)];
    double[]? _accepted;

    /// <summary>The clients of a closed loop; null for an open one.</summary>
    public int? Clients { get; init; }

    /// <summary>The requests a second of an open loop; null for a closed one.</summary>
    public double? Rate { get; init; }

    /// <summary>The processor time that this process took.</summary>
    public TimeSpan Processor { get; init; }

    /// <summary>The processor time that the server took; null where it is not known.</summary>
    public TimeSpan? ServerProcessor { get; init; }

    /// <summary>How many requests the server says that it answered, by status; null where it says nothing.</summary>
    public IReadOnlyDictionary<int, long>? Counted { get; init; }

    public double Seconds => Stopwatch.GetElapsedTime(From, To).TotalSeconds;

    /// <summary>The times of the accepted requests in milliseconds, in order.</summary>
    double[] Accepted => _accepted ??= [.. _measured.Where(IsAccepted).Select(sample => sample.Milliseconds).Order()];

    /// <summary>
    /// The accepted answers a second: of a closed loop those that came in its time, of an open one those to requests of its time.
    /// </summary>
    public double AnswersPerSecond =>
        (Clients is null ? Accepted.Length : All.Count(s => IsAccepted(s) && s.Ended >= From && s.Ended < To)) / Seconds;

    /// <summary>How late the load itself sent, in milliseconds: 99 of 100 requests were sent earlier.</summary>
    public double LateMilliseconds => Percentile([.. _measured.Select(sample => sample.LateMilliseconds).Order()], 0.99);

    /// <summary>The time in milliseconds within which a share of the accepted requests was answered; no number where none was.</summary>
    public double Percentile(double share) => Percentile(Accepted, share);

    /// <summary>All requests by the status of their answer, in the warm-up, too.</summary>
    public IReadOnlyDictionary<int, long> ByStatus => Count(All.Where(s => s.Ending == LoadEnding.Answered), s => (int)s.Status);

    /// <summary>All requests without an answer by the reason.</summary>
    public IReadOnlyDictionary<LoadEnding, long> WithoutAnswer =>
        Count(All.Where(s => s.Ending != LoadEnding.Answered), s => s.Ending);

    public long Errors => All.Count(s => s.Ending != LoadEnding.Answered);
    public long LackingRetry => All.Count(s => s.LacksRetry);

    /// <summary>Says whether the requests that were begun are the sum of those with an answer and those without.</summary>
    public bool IsReconciled => Sent == ByStatus.Values.Sum() + Errors;

    /// <summary>Returns how many accepted requests took up to each bound, and more than the last one.</summary>
    public long[] Histogram(IReadOnlyList<double> boundsMs)
    {
        var counts = new long[boundsMs.Count + 1];
        foreach (var time in Accepted) counts[boundsMs.TakeWhile(bound => time > bound).Count()]++;
        return counts;
    }

    static bool IsAccepted(LoadSample sample) => sample is { Ending: LoadEnding.Answered, Status: 200 };

    /// <summary>Is the nearest rank: the smallest of the times within which that share of them lies.</summary>
    static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];

    static SortedDictionary<T, long> Count<T>(IEnumerable<LoadSample> samples, Func<LoadSample, T> key) where T : notnull =>
        new(samples.CountBy(key).ToDictionary(pair => pair.Key, pair => (long)pair.Value));
}
