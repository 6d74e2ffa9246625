namespace FinIntent.Data.Rows;

/// <summary>Reads the objects of a JSON list, or of a file with one after the other (JSON lines), and never holds the whole file.</summary>
sealed class JsonRows : IDisposable
{
    readonly string _path;
    readonly Stream _stream;
    byte[] _buffer = new byte[1 << 16];
    int _start, _end;
    long _line = 1;
    bool _ended;

    JsonRows(Stream stream, string path) => (_stream, _path) = (stream, path);

    public static IEnumerable<SourceRow> Read(string path) =>
        ReadAll(() => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0), path);

    /// <summary>Reads the rows of a stream, each as soon as its end is there; the stream is closed behind the last.</summary>
    public static IEnumerable<SourceRow> Read(Stream stream, string name) => ReadAll(() => stream, name);

    static IEnumerable<SourceRow> ReadAll(Func<Stream> open, string path)
    {
        using var rows = new JsonRows(open(), path);
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
                if (next != ',') throw Error($"expected , or ] after a row, found {next}");
                _start++;
                if (Peek() is null) throw Error("the list is not closed: the file ends after a comma");
            }
            yield return Take();
        }
        _start++;
        if (Peek() is { } more) throw Error($"the file goes on after the list's ] with {more}");
    }

    /// <summary>Reads the object that begins here.</summary>
    SourceRow Take()
    {
        if (_buffer[_start] != '{') throw Error("a row must be an object { … }; the file must be a list of them, or one a line");
        var line = _line;
        int length;
        while ((length = MeasureObject()) < 0) Fill();
        var bytes = _buffer.AsSpan(_start, length);
        var row = new SourceRow(_path, line, true, JsonElement.Parse(bytes));
        _line += bytes.Count((byte)'\n');
        _start += length;
        return row;
    }

    /// <summary>Returns the object's length in bytes; -1 when more of the file is needed to know it.</summary>
    int MeasureObject()
    {
        var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), isFinalBlock: _ended, state: default);
        try
        {
            return reader.Read() && reader.TrySkip() ? (int)reader.BytesConsumed : -1;
        }
        catch (JsonException e)
        {
            _line += e.LineNumber ?? 0;
            throw Error(e.Message, e);
        }
    }

    /// <summary>Returns the next character that is not white space; null at the end of the file.</summary>
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
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = _stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _ended = read == 0;
    }

    UserErrorException Error(string message, Exception? inner = null) => new($"{_path}:{_line}: not valid JSON: {message}", inner);

    public void Dispose() => _stream.Dispose();
}
