namespace FinIntent.Hub;

/// <summary>Matches file paths as fsspec's glob does since 2023.12 (and so `datasets`).</summary>
/// <remarks>* and ? stand within a name, ** between slashes for any folders, [abc] and [a-z] for one character.</remarks>
static class HubGlob
{
    public static bool IsMatch(string pattern, string path) => ToRegex(pattern).IsMatch(path);

    public static bool IsPattern(string text) => text.AsSpan().IndexOfAny("*?[") >= 0;

    public static Regex ToRegex(string pattern)
    {
        var text = new StringBuilder("^");
        var parts = pattern.Split('/');
        foreach (var (i, part) in parts.Index())
        {
            var isLast = i == parts.Length - 1;
            if (part == "**")
            {
                text.Append(isLast ? ".*" : "(?:[^/]+/)*");
                continue;
            }
            AppendName(text, part);
            if (!isLast) text.Append('/');
        }
        try
        {
            return new(text.Append('$').ToString(), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new UserErrorException(
                $"\"{pattern}\" is no pattern of file names: {e.Message}; in [...] stand single characters and ranges such as a-z", e);
        }
    }

    static void AppendName(StringBuilder text, string part)
    {
        for (var i = 0; i < part.Length; i++)
        {
            var close = part[i] == '[' ? part.IndexOf(']', i + 1) : -1;
            if (close > i + 1)
            {
                var set = part[(i + 1)..close];
                var isNot = set[0] == '!';
                // A minus at the beginning stands for itself, here and in .NET.
                var characters = (isNot ? set[1..] : set).Replace("\\", "\\\\").Replace("[", "\\[").Replace("^", "\\^");
                text.Append(isNot ? "[^" : "[").Append(characters).Append(']');
                i = close;
            }
            else
            {
                text.Append(part[i] switch { '*' => "[^/]*", '?' => "[^/]", var c => Regex.Escape(c.ToString()) });
            }
        }
    }
}
