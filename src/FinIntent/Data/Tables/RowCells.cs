using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Puts the values of a row under a table's columns.</summary>
sealed class RowCells(IReadOnlyList<TableColumn> columns)
{
    readonly ColumnFinder _finder = new(columns.Select(column => column.Name));
    readonly JsonElement[] _cells = new JsonElement[columns.Count];

    /// <summary>Returns a value for each column, undefined where the row has none; they are good until the next call.</summary>
    /// <exception cref="UserErrorException">The row has a column that the table does not have.</exception>
    public ReadOnlySpan<JsonElement> Of(SourceRow row)
    {
        Array.Clear(_cells);
        var expected = 0;
        foreach (var column in row.Columns.EnumerateObject())
        {
            var place = _finder.Find(row, column, expected++);
            if (place < 0) throw row.Error($"its column \"{column.Name}\" was not there when the file was looked at; did the file change?");
            _cells[place] = column.Value;
        }
        return _cells;
    }
}
