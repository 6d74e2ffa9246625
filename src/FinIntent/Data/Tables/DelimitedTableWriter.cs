using CsvHelper;
using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Writes values between commas or tabs, with a header line; lines end in \n.</summary>
/// <remarks>A value that a spreadsheet would take for a formula is written as it is: it is the input's value.</remarks>
sealed class DelimitedTableWriter : TableWriter
{
    readonly System.Buffers.ArrayBufferWriter<byte> _json = new();
    readonly CsvWriter _csv;
    readonly RowCells _cells;

    public DelimitedTableWriter(Stream stream, Table table, char separator)
    {
        _cells = new(table.Columns);
        _csv = CsvWriter.Create(stream, new() { Separator = separator, NewLine = "\n", BufferSize = BufferSize }, leaveOpen: true);
        foreach (var column in table.Columns.Concat(table.Added)) _csv.WriteField(column.Name);
        _csv.EndRecord();
    }

    public override void Write(SourceRow row, ReadOnlySpan<Cell> added)
    {
        foreach (var cell in _cells.Of(row)) Write(cell);
        foreach (var cell in added) Write(cell);
        _csv.EndRecord();
    }

    void Write(JsonElement cell)
    {
        switch (cell.ValueKind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                _csv.WriteField(default(ReadOnlySpan<byte>));
                break;
            case JsonValueKind.String:
                var text = JsonMarshal.GetRawUtf8Value(cell)[1..^1];
                if (text.Contains((byte)'\\')) _csv.WriteField(JsonBytes.TextOf(cell));
                else _csv.WriteField(text);
                break;
            default:
                _json.ResetWrittenCount();
                JsonBytes.Copy(_json, cell);
                _csv.WriteField(_json.WrittenSpan);
                break;
        }
    }

    void Write(Cell cell)
    {
        switch (cell.Kind)
        {
            case ColumnKind.Number: _csv.WriteField(cell.Number, default); break;
            case ColumnKind.Boolean: _csv.WriteField(cell.Boolean ? "true"u8 : "false"u8); break;
            case ColumnKind.Texts:
                _json.ResetWrittenCount();
                JsonTableWriter.WriteTexts(_json, cell.Texts);
                _csv.WriteField(_json.WrittenSpan);
                break;
            case null: _csv.WriteField(default(ReadOnlySpan<byte>)); break;
            default: _csv.WriteField(cell.Text); break;
        }
    }

    public override void Flush() => _csv.Flush();

    /// <summary>Writes the rest. The stream may be closed afterwards, before this writer is disposed.</summary>
    public override void Finish() => _csv.Dispose();

    public override void Dispose() => _csv.Dispose();
}
