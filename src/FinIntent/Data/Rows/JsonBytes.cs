using System.Buffers;

namespace FinIntent.Data.Rows;

/// <summary>Writes texts as JSON and copies JSON values byte by byte: a copy keeps digits and escapes, broken ones, too.</summary>
static class JsonBytes
{
    static readonly SearchValues<byte> Escaped =
        SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    /// <summary>Writes a text in quotes. Characters of every script stand as they are; only what JSON demands is escaped.</summary>
    public static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<byte> utf8)
    {
        output.Write("\""u8);
        for (int next; (next = utf8.IndexOfAny(Escaped)) >= 0; utf8 = utf8[(next + 1)..])
        {
            output.Write(utf8[..next]);
            WriteEscape(output, utf8[next]);
        }
        output.Write(utf8);
        output.Write("\""u8);
    }

    public static void WriteText(IBufferWriter<byte> output, string text) => WriteText(output, Encoding.UTF8.GetBytes(text));

    /// <summary>Returns what stands before a column's value in an object: the brace or comma, the name, the colon.</summary>
    public static byte[] NameOf(string name, bool isFirst)
    {
        var json = new ArrayBufferWriter<byte>();
        json.Write(isFirst ? "{"u8 : ","u8);
        WriteText(json, name);
        json.Write(":"u8);
        return json.WrittenSpan.ToArray();
    }

    static void WriteEscape(IBufferWriter<byte> output, byte value)
    {
        switch (value)
        {
            case (byte)'"': output.Write("\\\""u8); break;
            case (byte)'\\': output.Write("\\\\"u8); break;
            case (byte)'\n': output.Write("\\n"u8); break;
            case (byte)'\r': output.Write("\\r"u8); break;
            case (byte)'\t': output.Write("\\t"u8); break;
            default: output.Write(Encoding.ASCII.GetBytes($"\\u{value:x4}")); break;
        }
    }

    /// <summary>Copies a value without the white space between its parts, so that it stands on one line.</summary>
    public static void Copy(IBufferWriter<byte> output, JsonElement value)
    {
        var json = JsonMarshal.GetRawUtf8Value(value);
        if (value.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array))
        {
            output.Write(json);
            return;
        }
        var to = output.GetSpan(json.Length);
        var length = 0;
        var (isText, isEscaped) = (false, false);
        foreach (var b in json)
        {
            if (!isText && b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') continue;
            to[length++] = b;
            if (b == '"' && !isEscaped) isText = !isText;
            isEscaped = isText && !isEscaped && b == '\\';
        }
        output.Advance(length);
    }

    /// <summary>Returns a text. A broken surrogate, which is no character, is U+FFFD in it.</summary>
    public static string TextOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Mended(Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(text)[1..^1]));
        }
    }

    static string Mended(string json)
    {
        var text = new StringBuilder(json.Length);
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] != '\\') text.Append(json[i]);
            else if (json[++i] == 'u')
            {
                text.Append((char)Convert.ToUInt16(json.Substring(i + 1, 4), 16));
                i += 4;
            }
            else text.Append(json[i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', var same => same });
        }
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.ToString()));
    }
}
