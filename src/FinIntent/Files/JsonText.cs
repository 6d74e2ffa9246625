using System.Buffers;

namespace FinIntent.Files;

/// <summary>Checks JSON and says in this program's own words what is wrong with it, and in which line.</summary>
/// <remarks>JSON is as RFC 8259 has it. No name may stand twice in an object, and no text may have half a surrogate pair.</remarks>
static class JsonText
{
    /// <summary>How deep lists and objects may stand inside each other.</summary>
    public const int MostDepth = 64;

    static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = MostDepth };

    /// <summary>Parses one value, whose bytes are valid UTF-8 (<see cref="TextFile.Utf8"/>).</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="firstLine">The line of the file in which the bytes begin, counted from 1.</param>
    /// <exception cref="UserErrorException">It is not JSON: the message has file, line and cause.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string path, long firstLine = 1)
    {
        Check(json.Span, path, firstLine);
        try
        {
            return JsonDocument.Parse(json, Options);
        }
        catch (JsonException e)
        {
            throw new UserErrorException(Repeated(json.Span, path, firstLine), e);
        }
    }

    /// <summary>Parses one value that is kept; its bytes may be of any kind, and are copied.</summary>
    /// <param name="firstLine">The line in which the bytes begin, counted from 1; 0 where the place is no file with lines.</param>
    /// <param name="isCopied">Says that texts are only copied, so that half a surrogate pair may stay in one that is no name.</param>
    /// <exception cref="UserErrorException">It is not JSON: the message has file, line and cause.</exception>
    public static JsonElement Element(ReadOnlySpan<byte> json, string path, long firstLine = 1, bool isCopied = false)
    {
        CheckUtf8(json, path, firstLine);
        if (MayBreak(json)) CheckTexts(json, path, firstLine, namesOnly: isCopied);
        try
        {
            return JsonElement.Parse(json, Options);
        }
        catch (JsonException e)
        {
            CheckTexts(json, path, firstLine, namesOnly: isCopied);
            throw new UserErrorException(Repeated(json, path, firstLine), e);
        }
    }

    /// <summary>Refuses bytes that are no UTF-8, which a reader of JSON takes for text.</summary>
    public static void CheckUtf8(ReadOnlySpan<byte> json, string path, long firstLine)
    {
        if (System.Text.Unicode.Utf8.IsValid(json)) return;
        throw TextFile.NotUtf8(path, LineAt(json, TextFile.ValidLength(json), firstLine));
    }

    /// <summary>Parses a text that is no file's, such as an answer or a value of the command line.</summary>
    /// <param name="place">What messages begin with.</param>
    public static JsonDocument Parse(string json, string place) => Parse(Encoding.UTF8.GetBytes(json), place);

    /// <summary>Checks all but repeated names.</summary>
    public static void Check(ReadOnlySpan<byte> json, string path, long firstLine) => CheckTexts(json, path, firstLine, namesOnly: false);

    static bool MayBreak(ReadOnlySpan<byte> json) => json.IndexOf("\\ud"u8) >= 0 || json.IndexOf("\\uD"u8) >= 0;

    static void CheckTexts(ReadOnlySpan<byte> json, string path, long firstLine, bool namesOnly)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MostDepth });
        var mayBreak = MayBreak(json);
        try
        {
            while (reader.Read())
                if (mayBreak && reader.ValueIsEscaped && (!namesOnly || reader.TokenType == JsonTokenType.PropertyName)
                    && !IsUnicode(ref reader))
                    throw new UserErrorException($"{Place(json, reader.TokenStartIndex, path, firstLine)}: " +
                        "a text has half of a surrogate pair (\\ud800 to \\udfff alone), which is no character");
        }
        catch (JsonException e)
        {
            var at = Offset(json, e);
            var depth = reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject ? 1 : 0);
            throw new UserErrorException($"{Place(json, at, path, firstLine)}: not valid JSON: {Cause(json, at, depth)}", e);
        }
    }

    /// <summary>Says why JSON is none at a place where a reader gave up.</summary>
    /// <param name="json">The text from its beginning.</param>
    /// <param name="at">The place, in bytes.</param>
    /// <param name="depth">How many lists and objects are open there.</param>
    public static string Cause(ReadOnlySpan<byte> json, long at, int depth)
    {
        var rest = json[(int)Math.Min(at, json.Length)..];
        var before = json[..(int)Math.Min(at, json.Length)].TrimEnd(" \t\r\n"u8);
        if (rest.TrimStart(" \t\r\n"u8).IsEmpty) return before.IsEmpty ? "there is nothing in it" : "it ends in the middle of a value";
        if (depth >= MostDepth) return $"lists and objects stand more than {MostDepth} deep in each other";
        foreach (var (word, remedy) in ForeignWords)
            if (Begins(rest, before, word)) return $"{word} is no word of JSON; write {remedy}";
        return (char)rest[0] switch
        {
            '}' or ']' when before.EndsWith(","u8) => $"a comma stands before {(char)rest[0]}",
            ',' when before.IsEmpty || before[^1] is (byte)',' or (byte)'[' or (byte)'{' => "a comma stands where a value is expected",
            '/' or '#' => "JSON has no comments",
            '\'' => "texts and names stand in double quotes, not in single ones",
            < ' ' => $"a text holds a control character or a line break; write it as {Escape(rest[0])}",
            '"' => "a text stands where a comma or a bracket is expected; is a comma or a quote missing before it?",
            _ when before.EndsWith("\\"u8) => NoEscape(rest),
            '\\' => NoEscape(rest[1..]),
            _ when depth == 0 && !before.IsEmpty => $"the text goes on behind its end with {Shown(rest)}",
            _ => $"{Shown(rest)} stands where JSON expects something else",
        };
    }

    /// <summary>Returns the line of a place, counted from 1.</summary>
    public static long LineAt(ReadOnlySpan<byte> json, long at, long firstLine = 1) =>
        json[..(int)Math.Min(at, json.Length)].Count((byte)'\n') + firstLine;

    /// <summary>Returns the place at which an exception of the reader says that it gave up, in bytes.</summary>
    public static long Offset(ReadOnlySpan<byte> json, JsonException e)
    {
        var start = 0;
        for (var line = e.LineNumber ?? 0; line > 0; line--)
        {
            var next = json[start..].IndexOf((byte)'\n');
            if (next < 0) break;
            start += next + 1;
        }
        return Math.Min(start + (e.BytePositionInLine ?? 0), json.Length);
    }

    static string Place(ReadOnlySpan<byte> json, long at, string path, long firstLine) =>
        firstLine == 0 ? path : $"{path}:{LineAt(json, at, firstLine)}";

    static readonly (string Word, string Remedy)[] ForeignWords =
    [
        ("NaN", "null"), ("-Infinity", "null"), ("Infinity", "null"), ("undefined", "null"), ("None", "null"), ("nan", "null"),
        ("NULL", "null"), ("True", "true"), ("False", "false"),
    ];

    // The reader may have gone some letters into the word before it gave up.
    static bool Begins(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> before, string word)
    {
        Span<byte> bytes = stackalloc byte[word.Length];
        Encoding.ASCII.GetBytes(word, bytes);
        for (var taken = 0; taken < bytes.Length; taken++)
            if (before.EndsWith(bytes[..taken]) && rest.StartsWith(bytes[taken..])) return true;
        return false;
    }

    static bool IsUnicode(ref Utf8JsonReader reader)
    {
        try
        {
            reader.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    static string Repeated(ReadOnlySpan<byte> json, string path, long firstLine)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MostDepth });
        var names = new Stack<HashSet<string>>();
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.StartObject) names.Push([]);
            else if (reader.TokenType == JsonTokenType.EndObject) names.Pop();
            else if (reader.TokenType == JsonTokenType.PropertyName && reader.GetString()! is var name && !names.Peek().Add(name))
                return $"{Place(json, reader.TokenStartIndex, path, firstLine)}: the key \"{TerminalText.Short(name)}\" stands twice " +
                    "in one object; keep one of them";
        }
        return $"{Place(json, 0, path, firstLine)}: not valid JSON";
    }

    static string Escape(byte value) => (char)value switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => $"\\u{value:x4}" };

    static string NoEscape(ReadOnlySpan<byte> sign) =>
        $"\\{Shown(sign)} is no escape of JSON; a backslash is written \\\\, a line break \\n";

    static string Shown(ReadOnlySpan<byte> rest) =>
        Rune.DecodeFromUtf8(rest, out var rune, out _) == OperationStatus.Done && !Rune.IsControl(rune) ? $"{rune}"
            : rest.IsEmpty ? "the end" : $"the byte 0x{rest[0]:X2}";
}
