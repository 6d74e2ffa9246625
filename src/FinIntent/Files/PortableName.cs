namespace FinIntent.Files;

/// <summary>Knows which names a file can have on Linux, macOS and Windows alike.</summary>
/// <remarks>The rules are Windows', which are the narrowest: https://learn.microsoft.com/windows/win32/fileio/naming-a-file.</remarks>
static class PortableName
{
    const int MostBytes = 255;

    static readonly string[] Devices =
    [
        "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
        .. "0123456789¹²³".SelectMany(digit => new[] { $"COM{digit}", $"LPT{digit}" }),
    ];

    /// <summary>Says why a name is none everywhere; null when it is one. Names with dots, such as "a.json", are whole names here.</summary>
    public static string? FaultOf(string name) => name switch
    {
        "" => "it is empty",
        "." or ".." => "it means a folder",
        [.., '.' or ' '] => "it ends in a dot or a blank, which Windows cuts off",
        _ when name.AsSpan().IndexOfAny("<>:\"/\\|?*") is >= 0 and var at => $"Windows allows no {name[at]} in a name",
        _ when name.Any(char.IsControl) => "it has a control character",
        _ when Devices.Contains(name.Split('.')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase) =>
            $"Windows takes {name.Split('.')[0]} for a device",
        _ when Encoding.UTF8.GetByteCount(name) > MostBytes => $"it has more than {MostBytes} bytes",
        _ => null,
    };

    /// <summary>Returns a name for a file or folder that is called after some text: what a name cannot have is a hyphen in it.</summary>
    public static string Of(string text)
    {
        var name = string.Concat(text.Select(c => char.IsLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-'));
        if (name.TrimEnd('.') is { Length: > 0 } shorter) name = shorter;
        while (Encoding.UTF8.GetByteCount(name) > MostBytes) name = name[..^1];
        return FaultOf(name) is null ? name : $"-{name}-";
    }

    /// <summary>Returns the first two of some paths that are one file where case does not count, as on Windows and macOS.</summary>
    public static (string First, string Second)? Twins(IEnumerable<string> paths)
    {
        Dictionary<string, string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (var path in paths)
            if (!seen.TryAdd(path, path)) return (seen[path], path);
        return null;
    }
}
