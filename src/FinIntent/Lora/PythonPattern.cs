using FinIntent.Files;

namespace FinIntent.Lora;

/// <summary>Is a regular expression of adapter_config.json, which PEFT reads with Python's re.</summary>
/// <remarks>.NET writes named groups otherwise. A match that does not end in time is an error.</remarks>
sealed class PythonPattern
{
    static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);

    readonly Regex _regex;
    readonly string _place;

    /// <param name="place">The file and the key, with which messages begin.</param>
    /// <exception cref="UserErrorException">It is no regular expression.</exception>
    public PythonPattern(string pattern, string place)
    {
        _place = place;
        try
        {
            _regex = new(pattern.Replace("(?P<", "(?<"), RegexOptions.CultureInvariant, MostTime);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException($"{place}: \"{TerminalText.Short(pattern)}\" is no regular expression that is read here", e);
        }
    }

    /// <summary>Makes a pattern of whole names (re.fullmatch).</summary>
    public static PythonPattern Whole(string pattern, string place)
    {
        _ = new PythonPattern(pattern, place); // a bracket too many must not close the one put around it
        return new($@"^(?:{pattern})\z", place);
    }

    public bool IsMatch(string module) => InTime(() => _regex.IsMatch(module));

    /// <summary>Returns the first group's text; null where the pattern does not match.</summary>
    public string? FirstGroup(string module) => InTime(() => _regex.Match(module) is { Success: true } match ? match.Groups[1].Value
        : null);

    T InTime<T>(Func<T> match)
    {
        try
        {
            return match();
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new UserErrorException($"{_place}: the regular expression takes longer than {MostTime.TotalSeconds:0} s for one " +
                "module's name", e);
        }
    }
}
