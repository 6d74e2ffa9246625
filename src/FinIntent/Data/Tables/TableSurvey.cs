using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Holds what a table is before anything is done with it: its rows are counted, its columns known, none is malformed.</summary>
/// <param name="Rows">The number of rows.</param>
/// <param name="Columns">The columns in the order in which they first appear.</param>
sealed record TableSurvey(long Rows, IReadOnlyList<TableColumn> Columns)
{
    /// <summary>Reads a file, or a folder of files, of any type of <see cref="DataFile"/> once; one row is in memory.</summary>
    /// <remarks>Parquet files say themselves what they hold, so their rows are not read.</remarks>
    /// <exception cref="UserErrorException">
    /// There is no such file, a row is malformed, or two columns have one name; the message names the line.
    /// </exception>
    public static TableSurvey Of(string path, CancellationToken stop = default)
    {
        var seen = new SeenColumns();
        var rows = 0L;
        DataFile.Check(path);
        foreach (var file in DataFile.FilesOf(path))
        {
            stop.ThrowIfCancellationRequested();
            rows += Path.GetExtension(file).ToLowerInvariant() switch
            {
                ".csv" => CsvRows.Count(file, ',', names => seen.AddTexts(names), stop),
                ".tsv" => CsvRows.Count(file, '\t', names => seen.AddTexts(names), stop),
                ".parquet" => ParquetTable(file, seen),
                _ => SeenRows(file, seen, stop),
            };
        }
        return new(rows, seen.Columns);
    }

    public bool Has(string column) => Columns.Any(c => c.Name == column);

    /// <summary>Returns those of the names that the table has already.</summary>
    public IReadOnlyList<string> Repeated(IEnumerable<string> names) => [.. names.Where(Has)];

    static long SeenRows(string file, SeenColumns seen, CancellationToken stop)
    {
        var rows = 0L;
        foreach (var row in DataFile.ReadCopied(file))
        {
            stop.ThrowIfCancellationRequested();
            seen.Add(row);
            rows++;
        }
        return rows;
    }

    static long ParquetTable(string file, SeenColumns seen)
    {
        var (rows, fields) = ParquetRows.Describe(file);
        foreach (var field in fields) seen.Add(field.Name, ParquetKinds.Of(field));
        return rows;
    }
}
