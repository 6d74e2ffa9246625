namespace FinIntent.Server.Load;

/// <summary>Is a rate of an open loop: a number, a share of classify's rate, or the highest that the server bears.</summary>
/// <param name="PerSecond">Requests a second; null for the others.</param>
/// <param name="OfClassify">The share of classify's rate; null for the others.</param>
readonly record struct LoadRate(double? PerSecond, double? OfClassify)
{
    public bool IsKnee => PerSecond is null && OfClassify is null;

    /// <summary>Reads "auto", "70%" or "250".</summary>
    /// <exception cref="UserErrorException">It is none of these.</exception>
    public static LoadRate Parse(string word)
    {
        if (word == "auto") return default;
        var isShare = word.EndsWith('%');
        if (!double.TryParse(word.TrimEnd('%'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) || !(value > 0)
            || !double.IsFinite(value))
            throw new UserErrorException(
                $"--rates: \"{word}\" is no rate; give requests a second, a share of classify's rate such as 70%, auto, or none");
        return isShare ? new(null, value / 100) : new(value, null);
    }
}

/// <summary>Says which loads a server is given, one after the other.</summary>
/// <param name="Clients">The clients of each closed loop.</param>
/// <param name="Rates">The rates of the open loops.</param>
/// <param name="KneeMs">The time within which 99 of 100 requests must be answered at the highest rate that counts as borne.</param>
sealed record LoadPlan(IReadOnlyList<int> Clients, IReadOnlyList<LoadRate> Rates, LoadArrivals Arrivals, double KneeMs, LoadTimes Times)
{
    /// <summary>Reads a list such as "1,8,32"; "none" is an empty one.</summary>
    /// <exception cref="UserErrorException">A word of it is wrong.</exception>
    public static IReadOnlyList<T> List<T>(string words, Func<string, T> parse) =>
        words == "none" ? [] : [.. words.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(parse)];

    /// <exception cref="UserErrorException">It is no number of clients.</exception>
    public static int ParseClients(string word) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= 10_000 ? count
            : throw new UserErrorException($"--clients: \"{word}\" must be a whole number from 1 to 10000, or the list none");
}
