namespace FinIntent.Server.TextLog;

/// <summary>Says where answered texts are written, and which.</summary>
/// <param name="Path">--log-text: a folder (one that is there, a path that ends in a separator, or a name without an ending), which gets a
/// file texts-DAY.jsonl each UTC day; or a file NAME.ENDING, beside which NAME-DAY.ENDING is written.</param>
sealed record TextLogOptions(string Path)
{
    const int MostDays = 3650;

    /// <summary>--log-text-days: today and so many days less one are kept, older files are deleted.</summary>
    public int Days { get; init; } = 30;

    /// <summary>--log-text-sample: the share of texts that is written, 0 to 1. Each is drawn on its own and at random, so that shares of
    /// intents in the log are those of the requests, and no caller can know which texts are left out.</summary>
    public double Sample { get; init; } = 1;

    /// <summary>--log-text-raw: writes texts as they came, with numbers, identity numbers and e-mail addresses.</summary>
    public bool Raw { get; init; }

    /// <exception cref="UserErrorException">A value is out of its range.</exception>
    public void Check()
    {
        if (Path.Length == 0) throw new UserErrorException("--log-text names no file and no folder");
        if (Days is < 1 or > MostDays) throw new UserErrorException($"--log-text-days {Days}: it is from 1 to {MostDays}");
        if (!(Sample is >= 0 and <= 1))
            throw new UserErrorException(FormattableString.Invariant($"--log-text-sample {Sample}: it is a share, from 0 to 1"));
    }
}
