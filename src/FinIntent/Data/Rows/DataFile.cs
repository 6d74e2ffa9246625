namespace FinIntent.Data.Rows;

/// <summary>Reads the rows of a file or of a folder of files; no more than a row (of Parquet: a row group) is in memory.</summary>
static class DataFile
{
    static readonly Dictionary<string, Func<string, IEnumerable<SourceRow>>> Readers = new(StringComparer.OrdinalIgnoreCase)
    {
        [".json"] = path => JsonRows.Read(path),
        [".jsonl"] = path => JsonRows.Read(path),
        [".csv"] = CsvRows.ReadCommas,
        [".tsv"] = CsvRows.ReadTabs,
        [".parquet"] = ParquetRows.Read,
        [".txt"] = TextRows.Read,
    };

    public static IEnumerable<SourceRow> Read(string path)
    {
        Check(path);
        return FilesOf(path).SelectMany(file => Readers[Path.GetExtension(file)](file));
    }

    /// <summary>Reads rows whose values are copied: half a surrogate pair in a text is an error only to who asks for the text.</summary>
    public static IEnumerable<SourceRow> ReadCopied(string path)
    {
        Check(path);
        return FilesOf(path).SelectMany(Copied);
    }

    static IEnumerable<SourceRow> Copied(string file) => Path.GetExtension(file).ToLowerInvariant() is ".json" or ".jsonl"
        ? JsonRows.Read(file, isCopied: true) : Readers[Path.GetExtension(file)](file);

    /// <summary>Reads some of the rows, counted over all files of a folder, as <see cref="ReadCopied"/> does.</summary>
    /// <remarks>Of Parquet what comes before is not read.</remarks>
    /// <param name="first">The number of rows before the first that is wanted.</param>
    public static IEnumerable<SourceRow> ReadRange(string path, long first, long count)
    {
        Check(path);
        foreach (var file in FilesOf(path))
        {
            if (count == 0) yield break;
            var isParquet = Path.GetExtension(file).Equals(".parquet", StringComparison.OrdinalIgnoreCase);
            if (isParquet && ParquetRows.Describe(file).Rows is var rows && rows <= first)
            {
                first -= rows;
                continue;
            }
            foreach (var row in isParquet ? ParquetRows.ReadFrom(file, first) : Copied(file))
            {
                if (!isParquet && first > 0)
                {
                    first--;
                    continue;
                }
                yield return row;
                if (--count == 0) yield break;
            }
            if (isParquet) first = 0;
        }
    }

    /// <summary>Checks that there is such a file, or a folder with files of one type, and that its type is known.</summary>
    public static void Check(string path)
    {
        if (Directory.Exists(path)) CheckFolder(path);
        else if (!File.Exists(path)) throw new UserErrorException($"{path}: no such file or folder");
        foreach (var file in FilesOf(path).Where(file => !IsType(Path.GetExtension(file))))
            throw new UserErrorException($"{file}: rows are read from {Types} files, not \"{Path.GetExtension(file)}\"; convert it");
    }

    public static string Types => string.Join(", ", Readers.Keys);

    /// <param name="extension">The extension with its dot.</param>
    public static bool IsType(string extension) => Readers.ContainsKey(extension);

    /// <summary>Returns the files whose rows <see cref="Read"/> reads.</summary>
    public static IReadOnlyList<string> FilesOf(string path) => Directory.Exists(path) ? FilesIn(path) : [path];

    static void CheckFolder(string folder)
    {
        var types = FilesIn(folder).Select(f => Path.GetExtension(f).ToLowerInvariant()).Distinct().ToArray();
        if (types.Length == 0) throw new UserErrorException($"{folder}: the folder has no files");
        if (types.Length > 1)
            throw new UserErrorException(
                $"{folder}: the folder holds files of several types ({string.Join(", ", types)}); keep one of {Types}");
    }

    static string[] FilesIn(string folder) =>
        [.. Directory.GetFiles(folder).Where(f => !Path.GetFileName(f).StartsWith('.')).Order(StringComparer.Ordinal)];
}
