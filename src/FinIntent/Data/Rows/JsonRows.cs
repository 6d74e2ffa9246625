using FinIntent.Files;

namespace FinIntent.Data.Rows;

/// <summary>Reads the objects of a JSON list, or of a file with one after the other (JSON lines), and never holds the whole file.</summary>
sealed class JsonRows : IDisposable
{
    /// <summary>The most bytes of a row; more is a brace that was forgotten.</summary>
    const int MostRowBytes = 256 << 20;

    readonly string _path;
    readonly Stream _stream;
    readonly bool _isCopied;
    byte[] _buffer = new byte[1 << 16];
    int _start, _end;
    long _line = 1;
    bool _ended;

    JsonRows(Stream stream, string path, bool isCopied) => (_stream, _path, _isCopied) = (stream, path, isCopied);

    /// <param name="isCopied">Says that texts are only copied, so that half a surrogate pair may stay in one that nobody asks for.</param>
    public static IEnumerable<SourceRow> Read(string path, bool isCopied = false) => ReadAll(() => TextFile.OpenUtf8(path), path, isCopied);

    /// <summary>Reads the rows of a stream, each as soon as its end is there; the stream is closed behind the last.</summary>
    public static IEnumerable<SourceRow> Read(Stream stream, string name, bool isCopied = false) => ReadAll(() => stream, name, isCopied);

    static IEnumerable<SourceRow> ReadAll(Func<Stream> open, string path, bool isCopied)
    {
        using var rows = new JsonRows(open(), path, isCopied);
        rows.SkipByteOrderMark();
        if (rows.Peek() == '[')
        {
            rows._start++;
            foreach (var row in rows.List()) yield return row;
        }
        else while (rows.Peek() is not null) yield return rows.Take();
    }

    IEnumerable<SourceRow> List()
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var next = Peek() ?? throw Error("the list is not closed: the file ends before its ]");
            if (next == ']') break;
            if (!isFirst)
            {
                if (next != ',') throw Error($"expected , or ] after a row, found {Shown}");
                _start++;
                if (Peek() is not { } behind) throw Error("the list is not closed: the file ends after a comma");
                if (behind == ']') throw Error("a comma stands before ]");
            }
            yield return Take();
        }
        _start++;
        if (Peek() is not null) throw Error($"the file goes on after the list's ] with {Shown}");
    }

    /// <summary>Reads the object that begins here.</summary>
    SourceRow Take()
    {
        if (_buffer[_start] != '{') throw NoObject();
        var line = _line;
        int length;
        while ((length = MeasureObject()) < 0) Fill();
        var bytes = _buffer.AsSpan(_start, length);
        var row = new SourceRow(_path, line, true, JsonText.Element(bytes, _path, line, _isCopied));
        _line += bytes.Count((byte)'\n');
        _start += length;
        return row;
    }

    UserErrorException NoObject() => _buffer[_start] switch
    {
        0 => TextFile.NotText(_path, _line),
        (byte)',' => Error("a comma stands where a row is expected"),
        (byte)'/' or (byte)'#' => Error("JSON has no comments"),
        _ => Error($"a row must be an object {{ … }}, found {Shown}; the file must be a list of them, or one a line"),
    };

    /// <summary>Returns the object's length in bytes; -1 when more of the file is needed to know it.</summary>
    int MeasureObject()
    {
        var json = _buffer.AsSpan(_start, _end - _start);
        var reader = new Utf8JsonReader(json, isFinalBlock: _ended, new JsonReaderState(new() { MaxDepth = JsonText.MostDepth }));
        try
        {
            return reader.Read() && reader.TrySkip() ? (int)reader.BytesConsumed : -1;
        }
        catch (JsonException e)
        {
            var at = JsonText.Offset(json, e);
            JsonText.CheckUtf8(json[..(int)at], _path, _line);
            var begin = _line;
            _line = JsonText.LineAt(json, at, _line);
            var depth = reader.CurrentDepth + (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject ? 1 : 0);
            throw Error(JsonText.Cause(json, at, depth) + (_line > begin ? $" (the row begins in line {begin})" : ""), e);
        }
    }

    /// <summary>Returns the next byte that is not white space; null at the end of the file.</summary>
    char? Peek()
    {
        while (true)
        {
            for (; _start < _end; _start++)
            {
                if (_buffer[_start] == '\n') _line++;
                else if (_buffer[_start] is not ((byte)' ' or (byte)'\t' or (byte)'\r')) return (char)_buffer[_start];
            }
            if (_ended) return null;
            Fill();
        }
    }

    string Shown => _buffer[_start] is > 0x20 and < 0x7F and var letter ? $"{(char)letter}" : $"the byte 0x{_buffer[_start]:X2}";

    void SkipByteOrderMark()
    {
        while (_end < 3 && !_ended) Fill();
        if (_buffer.AsSpan(0, _end).StartsWith("\uFEFF"u8)) _start = 3;
    }

    void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length && _end >= MostRowBytes)
            throw Error($"a row has more than {MostRowBytes >> 20} MiB; is a brace or a quote missing in it?");
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        try
        {
            var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            _ended = read == 0;
        }
        catch (Exception e) when (e is IOException or DecoderFallbackException)
        {
            throw TextFile.ErrorOf(e, _path);
        }
    }

    UserErrorException Error(string message, Exception? inner = null) => new($"{_path}:{_line}: not valid JSON: {message}", inner);

    public void Dispose() => _stream.Dispose();
}
