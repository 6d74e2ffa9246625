namespace FinIntent.Server;

/// <summary>Refuses numbers with which no server works, before it listens.</summary>
static class ServeRanges
{
    /// <summary>Bounds what is multiplied and added up in 32 bits.</summary>
    const int Most = 1 << 26;

    const int MostRows = 1 << 20, MostMegabytes = 1024, LastPort = 65535;

    static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <exception cref="UserErrorException">A number is out of its range.</exception>
    public static void Check(ServeOptions options)
    {
        Check("--port", options.Port, 0, LastPort);
        Check("--metrics-port", options.MetricsPort, 0, LastPort);
        Check("--max-loaded-adapters", options.MaxLoadedAdapters, 1, Most);
        Check("--kept-beginnings-mb", options.KeptBeginningsMb, 0, Most);
        Check("--max-queue-rows", options.MaxQueueRows, 1, MostRows);
        Check("--max-queue-tokens", options.MaxQueueTokens, 1, Most);
        Check("--max-batch-tokens", options.MaxBatchTokens, 1, Most);
        Check("--max-rows", options.MaxRows, 1, MostRows);
        Check("--max-body-mb", options.MaxBodyMb, 1, MostMegabytes);
        Check("--batch-wait", options.BatchWait, TimeSpan.Zero);
        Check("--deadline", options.Deadline, TimeSpan.FromMilliseconds(1));
        Check("--drain-timeout", options.DrainTimeout, TimeSpan.Zero);
    }

    static void Check(string flag, int? value, int least, int most)
    {
        if (value < least || value > most)
            throw new UserErrorException(FormattableString.Invariant($"{flag} is {value}; it must be from {least} to {most}"));
    }

    static void Check(string flag, TimeSpan? value, TimeSpan least)
    {
        if (value < least || value > Longest)
            throw new UserErrorException($"{flag} is {Shown(value.Value)}; it must be from {Shown(least)} to {Shown(Longest)}");
    }

    static string Shown(TimeSpan time) => FormattableString.Invariant($"{time.TotalSeconds} s");

    /// <summary>Returns a time that a flag gives as a number.</summary>
    /// <exception cref="UserErrorException">It is no number, or none that a time can have.</exception>
    public static TimeSpan Time(string flag, double value, TimeSpan unit) => Math.Abs(value) <= Longest / unit ? value * unit
        : throw new UserErrorException(FormattableString.Invariant($"{flag} is {value}; it must be from 0 to {Longest / unit}"));
}
