using System.Buffers;
using FinIntent.Data.Rows;

namespace FinIntent.Data.Tables;

/// <summary>Writes a row a line, as a list or as JSON lines. A row keeps its own columns in their order, byte by byte.</summary>
sealed class JsonTableWriter(Stream stream, TableWriter.Table table, bool isList) : TableWriter
{
    readonly ArrayBufferWriter<byte> _buffer = new(2 * BufferSize);
    readonly byte[][] _names = [.. table.Added.Select(column => NameOf(column.Name))];
    bool _hasRows;

    public override void Write(SourceRow row, ReadOnlySpan<Cell> added)
    {
        if (isList) _buffer.Write(_hasRows ? ",\n"u8 : "[\n"u8);
        _hasRows = true;
        var mark = "{"u8;
        foreach (var column in row.Columns.EnumerateObject())
        {
            _buffer.Write(mark);
            _buffer.Write("\""u8);
            _buffer.Write(JsonMarshal.GetRawUtf8PropertyName(column));
            _buffer.Write("\": "u8);
            JsonBytes.Copy(_buffer, column.Value);
            mark = ", "u8;
        }
        for (var i = 0; i < added.Length; i++)
        {
            _buffer.Write(mark);
            _buffer.Write(_names[i]);
            Write(added[i]);
            mark = ", "u8;
        }
        if (mark[0] == '{') _buffer.Write(mark);
        _buffer.Write(isList ? "}"u8 : "}\n"u8);
        if (_buffer.WrittenCount >= BufferSize) Empty();
    }

    void Write(Cell cell)
    {
        switch (cell.Kind)
        {
            case ColumnKind.Number:
                cell.Number.TryFormat(_buffer.GetSpan(32), out var length, default, CultureInfo.InvariantCulture);
                _buffer.Advance(length);
                break;
            case ColumnKind.Boolean: _buffer.Write(cell.Boolean ? "true"u8 : "false"u8); break;
            case ColumnKind.Texts: WriteTexts(_buffer, cell.Texts); break;
            case null: _buffer.Write("null"u8); break;
            default: JsonBytes.WriteText(_buffer, cell.Text); break;
        }
    }

    public static void WriteTexts(IBufferWriter<byte> output, IReadOnlyList<string> texts)
    {
        output.Write("["u8);
        for (var i = 0; i < texts.Count; i++)
        {
            if (i > 0) output.Write(","u8);
            JsonBytes.WriteText(output, texts[i]);
        }
        output.Write("]"u8);
    }

    static byte[] NameOf(string name)
    {
        var json = new ArrayBufferWriter<byte>();
        JsonBytes.WriteText(json, name);
        json.Write(": "u8);
        return json.WrittenSpan.ToArray();
    }

    void Empty()
    {
        stream.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    public override void Flush()
    {
        Empty();
        stream.Flush();
    }

    public override void Finish()
    {
        if (isList) _buffer.Write(_hasRows ? "\n]\n"u8 : "[]\n"u8);
        Flush();
    }
}
