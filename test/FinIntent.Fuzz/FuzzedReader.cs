namespace FinIntent.Fuzz;

/// <summary>Says which mutations besides those of bytes a format knows.</summary>
enum Format { Bytes, Text, Json, Yaml }

/// <summary>Is a reader of the program with valid files, which are damaged and read.</summary>
/// <param name="File">The name of the damaged file, by whose ending some readers go.</param>
/// <param name="Read">Reads the file at a path to its end, and closes it. It runs on one thread at a time, in a folder of its own.</param>
sealed record FuzzedReader(string Name, Format Format, string File, Action<string> Read)
{
    /// <summary>The valid files.</summary>
    public required IReadOnlyList<byte[]> Seeds { get; init; }

    /// <summary>The source files, without .cs and with blanks between, through which the bytes go. A test finds a reader in none.</summary>
    public required string Covers { get; init; }

    /// <summary>Puts the valid files that the reader wants beside the damaged one into a folder.</summary>
    public Action<string>? Prepare { get; init; }
}
