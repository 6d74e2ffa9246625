namespace FinIntent.Files;

/// <summary>Tells a full disk, or a used-up quota, from other failures, and says what to do.</summary>
static partial class DiskFull
{
    // ENOSPC and EDQUOT of Linux and macOS; ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL of Windows.
    static readonly int[] Numbers = [28, OperatingSystem.IsMacOS() ? 69 : 122, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    public static bool Is(Exception e) => e is IOException && Numbers.Contains(e.HResult);

    /// <summary>Finds a full disk among an error and its causes; null when it is none.</summary>
    public static UserErrorException? In(Exception error)
    {
        for (var e = error; e is not null; e = e is AggregateException { InnerExceptions: [var first, ..] } ? first : e.InnerException)
            if (Is(e)) return new(Words(e.Message), e);
        return null;
    }

    static string Words(string message)
    {
        var path = Quoted().Match(message) is { Success: true } match ? Temporary().Replace(match.Groups[1].Value, "$1$2") : "a file";
        return $"{path}: the disk is full, or the quota on it is used up; make room there and run the same command again: " +
            "what was finished stays";
    }

    [GeneratedRegex("'(.+)'", RegexOptions.Singleline)]
    private static partial Regex Quoted();

    /// <summary>The names of files and folders that are not in place yet.</summary>
    [GeneratedRegex(@"(^|[/\\])\.([^/\\]+?)(?:\.\d+)?\.[0-9a-f]{32}\.tmp")]
    private static partial Regex Temporary();
}
