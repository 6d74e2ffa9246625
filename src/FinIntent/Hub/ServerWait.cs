using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace FinIntent.Hub;

/// <summary>Reads how long a server asks to wait before the next request.</summary>
static partial class ServerWait
{
    static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>Times are told in whole seconds, so that a limit may end up to a second later than it says.</summary>
    static readonly TimeSpan Rounding = TimeSpan.FromSeconds(1);

    /// <summary>Returns the longer of what Retry-After and RateLimit say; null where neither asks for any.</summary>
    public static TimeSpan? Of(HttpResponseMessage answer, TimeProvider time)
    {
        TimeSpan?[] waits = [RetryAfter(HubErrors.Header(answer, "Retry-After"), time), RateLimit(answer) + Rounding];
        return waits.Max() is { } wait && wait > TimeSpan.Zero ? wait : null;
    }

    /// <summary>Reads seconds, or a date of HTTP.</summary>
    static TimeSpan? RetryAfter(string? text, TimeProvider time)
    {
        if (text is null) return null;
        if (Seconds(text) is { } seconds) return seconds;
        return RetryConditionHeaderValue.TryParse(text, out var value) && value.Date is { } date ? date - time.GetUtcNow() : null;
    }

    /// <summary>Reads the header of draft-ietf-httpapi-ratelimit-headers as hubs send it, "api";r=0;t=20: what remains, and the seconds
    /// until there is more. Its earlier form is limit=100, remaining=0, reset=20, and the one before had a header for each.</summary>
    static TimeSpan? RateLimit(HttpResponseMessage answer)
    {
        if (!answer.Headers.TryGetValues("RateLimit", out var values)) return SecondsOf(answer, "RateLimit-Reset");
        TimeSpan? longest = null;
        foreach (var policy in string.Join(',', values).Split(values.Any(value => value.Contains(';')) ? ',' : '\n'))
        {
            var (remaining, reset) = (Number(Remaining().Match(policy)), Number(Reset().Match(policy)));
            if (remaining is null or 0 && reset is { } seconds && Seconds(seconds) is { } wait && !(wait < longest)) longest = wait;
        }
        return longest;
    }

    static TimeSpan? SecondsOf(HttpResponseMessage answer, string name) =>
        HubErrors.Header(answer, name) is { } text ? Seconds(text) : null;

    static double? Number(Match match) => match.Success ? double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    static TimeSpan? Seconds(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
        ? Seconds(number) : null;

    static TimeSpan? Seconds(double seconds) => seconds > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds)) : null;

    [GeneratedRegex(@"(?:^|[;,\s])(?:r|remaining)\s*=\s*([0-9]{1,15})", RegexOptions.IgnoreCase)]
    private static partial Regex Remaining();

    [GeneratedRegex(@"(?:^|[;,\s])(?:t|reset)\s*=\s*([0-9]{1,15})", RegexOptions.IgnoreCase)]
    private static partial Regex Reset();
}
