using System.Buffers;

namespace FinIntent.Data.Rows;

/// <summary>Reads each line of a text file as a row with one column, "text"; empty lines are no rows.</summary>
static class TextRows
{
    public static IEnumerable<SourceRow> Read(string path)
    {
        using var reader = DataFile.OpenText(path);
        for (long number = 1; ReadLine(reader, path, number) is { } line; number++)
            if (!string.IsNullOrWhiteSpace(line))
                yield return new(path, number, true, RowOf(line));
    }

    static JsonElement RowOf(string line)
    {
        var json = new ArrayBufferWriter<byte>();
        json.Write("{\"text\":"u8);
        JsonBytes.WriteText(json, line);
        json.Write("}"u8);
        return JsonElement.Parse(json.WrittenSpan);
    }

    static string? ReadLine(StreamReader reader, string path, long number)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException e)
        {
            throw DataFile.NotUtf8(path, number, e);
        }
    }
}
