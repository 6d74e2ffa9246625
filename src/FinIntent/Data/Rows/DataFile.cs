namespace FinIntent.Data.Rows;

/// <summary>Reads the rows of a file or of a folder of files; no more than a row (of Parquet: a row group) is in memory.</summary>
static class DataFile
{
    static readonly Dictionary<string, Func<string, IEnumerable<SourceRow>>> Readers = new(StringComparer.OrdinalIgnoreCase)
    {
        [".json"] = JsonRows.Read,
        [".jsonl"] = JsonRows.Read,
        [".csv"] = CsvRows.ReadCommas,
        [".tsv"] = CsvRows.ReadTabs,
        [".parquet"] = ParquetRows.Read,
        [".txt"] = TextRows.Read,
    };

    public static IEnumerable<SourceRow> Read(string path)
    {
        if (Directory.Exists(path)) return ReadFolder(path);
        if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file or folder");
        return Readers.TryGetValue(Path.GetExtension(path), out var read)
            ? read(path)
            : throw new UserErrorException($"{path}: rows are read from {Types} files, not \"{Path.GetExtension(path)}\"; convert it");
    }

    public static string Types => string.Join(", ", Readers.Keys);

    /// <param name="extension">The extension with its dot.</param>
    public static bool IsType(string extension) => Readers.ContainsKey(extension);

    /// <summary>Returns the files whose rows <see cref="Read"/> reads.</summary>
    public static IReadOnlyList<string> FilesOf(string path) => Directory.Exists(path) ? FilesIn(path) : [path];

    static IEnumerable<SourceRow> ReadFolder(string folder)
    {
        var files = FilesIn(folder);
        var types = files.Select(f => Path.GetExtension(f).ToLowerInvariant()).Distinct().ToArray();
        return types.Length switch
        {
            0 => throw new UserErrorException($"{folder}: the folder has no files"),
            1 => files.SelectMany(Read),
            _ => throw new UserErrorException(
                $"{folder}: the folder holds files of several types ({string.Join(", ", types)}); keep one of {Types}"),
        };
    }

    static string[] FilesIn(string folder) =>
        [.. Directory.GetFiles(folder).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal)];

    /// <summary>Opens UTF-8 with or without a byte order mark; bytes that are not UTF-8 are refused, never replaced.</summary>
    public static StreamReader OpenText(string path) =>
        new(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));

    public static UserErrorException NotUtf8(string path, long line, Exception? inner = null) =>
        new($"{path}:{line}: the text is not UTF-8; convert it (for example: iconv -f GB18030 -t UTF-8)", inner);
}
