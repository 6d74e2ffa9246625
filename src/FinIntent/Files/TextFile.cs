using System.Buffers;
using System.Buffers.Binary;
using System.Text.Unicode;

namespace FinIntent.Files;

/// <summary>The one reader of text files: UTF-8, and UTF-16 with a byte order mark. Nothing is ever replaced.</summary>
/// <remarks>All members are thread-safe. They throw what <see cref="InputFile.Open"/> throws, too.</remarks>
static class TextFile
{
    static readonly UTF8Encoding Utf8Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Returns the whole text, without a byte order mark.</summary>
    /// <exception cref="UserErrorException">A byte is no UTF-8: the message has the line.</exception>
    public static string Read(string path) => Encoding.UTF8.GetString(Utf8(path));

    /// <summary>Returns the lines one after the other, without their ends (\n, \r\n or \r); the file may be of any size.</summary>
    /// <exception cref="UserErrorException">A byte is no UTF-8: thrown at the latest with the line that has it.</exception>
    public static IEnumerable<string> Lines(string path)
    {
        using var reader = new StreamReader(OpenUtf8(path), Utf8Strict, detectEncodingFromByteOrderMarks: false);
        for (long number = 1; Next(reader, path) is { } line; number++)
            yield return line.Contains('\0') ? throw NotText(path, number) : line;
    }

    /// <summary>Returns the whole text as valid UTF-8, without a byte order mark.</summary>
    /// <exception cref="UserErrorException">A byte is no UTF-8: the message has the line.</exception>
    public static byte[] Utf8(string path)
    {
        var bytes = InputFile.Bytes(path);
        bytes = UnicodeOf(bytes, path) is { } encoding ? FromUtf16(bytes, encoding, path)
            : bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        if (bytes.AsSpan().IndexOf((byte)0) is >= 0 and var nul) throw NotText(path, LineAt(bytes, nul));
        return System.Text.Unicode.Utf8.IsValid(bytes) ? bytes : throw NotUtf8(path, bytes);
    }

    /// <summary>Opens a file of any size as UTF-8 without a byte order mark; whether its bytes are valid is the caller's to see.</summary>
    public static Stream OpenUtf8(string path)
    {
        var stream = InputFile.Open(path);
        try
        {
            Span<byte> beginning = stackalloc byte[4];
            var length = stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false);
            var encoding = UnicodeOf(beginning[..length], path);
            stream.Position = encoding is not null ? 2 : beginning[..length].StartsWith(Encoding.UTF8.Preamble) ? 3 : 0;
            return encoding is null ? stream : Encoding.CreateTranscodingStream(stream, encoding, Utf8Strict);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Returns the words for what a stream of <see cref="OpenUtf8"/> throws while it is read.</summary>
    public static UserErrorException ErrorOf(Exception e, string path) => e is DecoderFallbackException
        ? new($"{path}: the file begins as UTF-16 and is not UTF-16 to its end; save it as UTF-8", e)
        : InputFile.ErrorOf(e, path)!;

    /// <summary>Says that a file's text is not UTF-8, from a line on, and how it becomes so.</summary>
    public static UserErrorException NotUtf8(string path, long line, Exception? inner = null) =>
        new($"{path}:{line}: the text is not UTF-8; convert the file, for example: " +
            $"iconv -f GB18030 -t UTF-8 {Path.GetFileName(path)} > utf8-{Path.GetFileName(path)}", inner);

    static string? Next(StreamReader reader, string path)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException e)
        {
            throw FirstFault(path, e);
        }
        catch (IOException e)
        {
            throw InputFile.ErrorOf(e, path)!;
        }
    }

    // A reader decodes in blocks and so fails before the line that is wrong: the file is looked through once more.
    static UserErrorException FirstFault(string path, DecoderFallbackException e)
    {
        using var stream = OpenUtf8(path);
        var line = new List<byte>();
        var number = 1L;
        try
        {
            using var bytes = new BufferedStream(stream, 1 << 16);
            for (int next; (next = bytes.ReadByte()) >= 0;)
            {
                line.Add((byte)next);
                if (next != '\n') continue;
                if (!System.Text.Unicode.Utf8.IsValid(CollectionsMarshal.AsSpan(line))) return NotUtf8(path, number, e);
                number++;
                line.Clear();
            }
        }
        catch (DecoderFallbackException)
        {
            return ErrorOf(e, path);
        }
        var rest = CollectionsMarshal.AsSpan(line);
        return IsCut(rest[ValidLength(rest)..]) ? Cut(path, number) : NotUtf8(path, number, e);
    }

    /// <summary>Returns how many bytes come before the first that is no UTF-8.</summary>
    public static int ValidLength(ReadOnlySpan<byte> bytes)
    {
        var good = 0;
        while (Rune.DecodeFromUtf8(bytes[good..], out _, out var used) == OperationStatus.Done) good += used;
        return good;
    }

    // A process that is killed, or a disk that is full, ends a file anywhere.
    static bool IsCut(ReadOnlySpan<byte> rest) => Rune.DecodeFromUtf8(rest, out _, out _) == OperationStatus.NeedMoreData;

    static UserErrorException Cut(string path, long line) =>
        new($"{path}:{line}: the file ends in the middle of a character: it was cut short");

    static UnicodeEncoding? UnicodeOf(ReadOnlySpan<byte> beginning, string path)
    {
        if (beginning.Length < 2) return null;
        var mark = BinaryPrimitives.ReadUInt16BigEndian(beginning);
        if (mark is not (0xFFFE or 0xFEFF)) return null;
        if (mark == 0xFFFE && beginning.Length >= 4 && beginning[2] == 0 && beginning[3] == 0)
            throw new UserErrorException($"{path}: the text is UTF-32; save it as UTF-8, for example: " +
                $"iconv -f UTF-32 -t UTF-8 {Path.GetFileName(path)} > utf8-{Path.GetFileName(path)}");
        return new(bigEndian: mark == 0xFEFF, byteOrderMark: false, throwOnInvalidBytes: true);
    }

    static byte[] FromUtf16(byte[] bytes, UnicodeEncoding encoding, string path)
    {
        try
        {
            return Utf8Strict.GetBytes(encoding.GetString(bytes, 2, bytes.Length - 2));
        }
        catch (DecoderFallbackException e)
        {
            var loose = Encoding.GetEncoding(encoding.CodePage);
            var line = loose.GetString(bytes, 2, Math.Clamp(e.Index & ~1, 0, bytes.Length - 2)).Count(c => c == '\n') + 1;
            throw new UserErrorException($"{path}:{line}: the file begins as UTF-16 and is not UTF-16 there; save it as UTF-8", e);
        }
    }

    static UserErrorException NotUtf8(string path, ReadOnlySpan<byte> bytes)
    {
        var good = ValidLength(bytes);
        return IsCut(bytes[good..]) ? Cut(path, LineAt(bytes, good)) : NotUtf8(path, LineAt(bytes, good));
    }

    /// <summary>Says that a zero byte stands in a line of a file.</summary>
    public static UserErrorException NotText(string path, long line) => new($"{path}:{line}: a zero byte stands there, as in no text; " +
        "where the file is UTF-16 without a byte order mark, save it as UTF-8");

    static long LineAt(ReadOnlySpan<byte> bytes, int at) => bytes[..at].Count((byte)'\n') + 1;
}
