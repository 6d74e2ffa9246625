using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Writes rows as they were read, with columns that are added behind theirs. The same rows give the same bytes.</summary>
/// <remarks>
/// What stands in a row is kept: in JSON byte by byte; in Parquet by the column's kind, other lists and objects as JSON text; in .csv and
/// .tsv as text, lists and objects as JSON text, and null as nothing. A broken surrogate, which only JSON can hold, is U+FFFD elsewhere.
/// One thread writes. No more is in memory than some rows, of Parquet a row group.
/// </remarks>
abstract class TableWriter : IDisposable
{
    /// <summary>What is read and written at once, in bytes.</summary>
    protected const int BufferSize = 1 << 16;

    static readonly Dictionary<string, Func<Stream, Table, TableWriter>> Writers = new(StringComparer.OrdinalIgnoreCase)
    {
        [".csv"] = (stream, table) => new DelimitedTableWriter(stream, table, ','),
        [".tsv"] = (stream, table) => new DelimitedTableWriter(stream, table, '\t'),
        [".json"] = (stream, table) => new JsonTableWriter(stream, table, isList: true),
        [".jsonl"] = (stream, table) => new JsonTableWriter(stream, table, isList: false),
        [".parquet"] = (stream, table) => new ParquetTableWriter(stream, table),
    };

    internal sealed record Table(IReadOnlyList<TableColumn> Columns, IReadOnlyList<TableColumn> Added);

    public static string Types => string.Join(", ", Writers.Keys);

    /// <param name="extension">The extension with its dot.</param>
    public static bool IsType(string extension) => Writers.ContainsKey(extension);

    /// <summary>Begins a table. The stream stays open; for Parquet it must be able to seek.</summary>
    /// <param name="extension">One of <see cref="Types"/>.</param>
    /// <param name="columns">The columns that rows may have. JSON does without them: there each row is written as it is.</param>
    /// <param name="added">The columns that are added to each row; none has the name of another.</param>
    public static TableWriter Open(Stream stream, string extension, IReadOnlyList<TableColumn> columns, IReadOnlyList<TableColumn> added) =>
        Writers[extension](stream, new(columns, added));

    /// <param name="added">A value for each added column, of its kind or none.</param>
    public abstract void Write(SourceRow row, ReadOnlySpan<Cell> added);

    /// <summary>Hands what was written to the stream; of Parquet only whole row groups.</summary>
    public abstract void Flush();

    /// <summary>Writes the table's end; without it the table is not complete.</summary>
    public abstract void Finish();

    public virtual void Dispose() { }
}
