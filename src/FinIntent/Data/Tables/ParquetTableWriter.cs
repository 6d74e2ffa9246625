using FinIntent.Data.Rows;
using Parquet;
using Parquet.Schema;

namespace FinIntent.Data.Tables;

/// <summary>Writes a Parquet file in row groups of a fixed number of rows; one of them is in memory.</summary>
sealed class ParquetTableWriter : TableWriter
{
    const int RowsInGroup = 50_000;

    readonly RowCells _cells;
    readonly ParquetWriter _writer;
    readonly ParquetColumn[] _columns;
    readonly int _ownCount;
    int _rows;

    public ParquetTableWriter(Stream stream, Table table)
    {
        _cells = new(table.Columns);
        TableColumn[] columns = [.. table.Columns, .. table.Added];
        var schema = new ParquetSchema([.. columns.Select(ParquetKinds.FieldFor)]);
        _columns = [.. columns.Zip(schema.DataFields, (column, field) => ParquetColumn.For(column.Kind, field))];
        _ownCount = table.Columns.Count;
        _writer = ParquetWriter.CreateAsync(schema, stream).GetAwaiter().GetResult();
    }

    public override void Write(SourceRow row, ReadOnlySpan<Cell> added)
    {
        var cells = _cells.Of(row);
        for (var i = 0; i < cells.Length; i++)
        {
            if (cells[i].ValueKind is JsonValueKind.Undefined or JsonValueKind.Null) _columns[i].AddNull();
            else _columns[i].Add(row, cells[i]);
        }
        for (var i = 0; i < added.Length; i++)
        {
            if (added[i].Kind is null) _columns[_ownCount + i].AddNull();
            else _columns[_ownCount + i].Add(added[i]);
        }
        if (++_rows == RowsInGroup) WriteGroup();
    }

    void WriteGroup()
    {
        if (_rows == 0) return;
        using var group = _writer.CreateRowGroup();
        foreach (var column in _columns) column.WriteTo(group).GetAwaiter().GetResult();
        group.CompleteValidate();
        _rows = 0;
    }

    public override void Flush() { }

    public override void Finish()
    {
        WriteGroup();
        _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
