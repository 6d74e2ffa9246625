using System.Buffers;
using FinIntent.Files;

namespace FinIntent.Data.Rows;

/// <summary>Reads each line of a text file as a row with one column, "text"; empty lines are no rows.</summary>
static class TextRows
{
    public static IEnumerable<SourceRow> Read(string path)
    {
        var number = 0L;
        foreach (var line in TextFile.Lines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line)) yield return new(path, number, true, RowOf(line));
        }
    }

    static JsonElement RowOf(string line)
    {
        var json = new ArrayBufferWriter<byte>();
        json.Write("{\"text\":"u8);
        JsonBytes.WriteText(json, line);
        json.Write("}"u8);
        return JsonElement.Parse(json.WrittenSpan);
    }
}
