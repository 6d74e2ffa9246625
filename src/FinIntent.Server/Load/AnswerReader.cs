using System.Buffers.Text;

namespace FinIntent.Server.Load;

/// <summary>Reads HTTP/1.1 answers from a connection, one after the other: the few things of them that a load wants to know.</summary>
/// <remarks>It is made for one thread at a time and keeps one buffer, so that reading an answer makes no garbage.</remarks>
sealed class AnswerReader
{
    const int FirstBytes = 16 << 10, MostBytes = 64 << 20;

    byte[] _buffer = new byte[FirstBytes];
    int _filled, _bodyAt, _bodyLength;

    public int Status { get; private set; }
    public bool IsLast { get; private set; }
    public bool LacksRetry { get; private set; }

    /// <summary>Says whether bytes came behind the answer, though no more had been asked.</summary>
    public bool HasSurplus { get; private set; }

    /// <summary>Says whether a byte of the answer came.</summary>
    public bool HasBegun => _filled > 0;

    /// <summary>The answer's body, until the next is read.</summary>
    public ReadOnlyMemory<byte> Body => _buffer.AsMemory(_bodyAt, _bodyLength);

    /// <exception cref="IOException">The connection was closed, or what came is no answer.</exception>
    public async ValueTask Read(Stream stream)
    {
        (_filled, _bodyAt, _bodyLength) = (0, 0, 0);
        int headEnd;
        while ((headEnd = _buffer.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0) await Fill(stream);
        var (length, isChunked) = ReadHead(_buffer.AsSpan(0, headEnd + 2));
        _bodyAt = headEnd + 4;
        if (isChunked)
        {
            await ReadChunks(stream);
            return;
        }
        while (_filled < _bodyAt + length) await Fill(stream);
        (_bodyLength, HasSurplus) = (length, _filled > _bodyAt + length);
    }

    async ValueTask Fill(Stream stream)
    {
        if (_filled == _buffer.Length)
        {
            if (_filled >= MostBytes) throw Malformed("more than 64 MiB");
            Array.Resize(ref _buffer, 2 * _filled);
        }
        var count = await stream.ReadAsync(_buffer.AsMemory(_filled));
        if (count == 0) throw new IOException("the connection was closed");
        _filled += count;
    }

    /// <param name="head">The status line and the headers, each with its end of line.</param>
    (int Length, bool IsChunked) ReadHead(ReadOnlySpan<byte> head)
    {
        if (!head.StartsWith("HTTP/1."u8) || head.Length < 12 || !Utf8Parser.TryParse(head[9..12], out int status, out _))
            throw Malformed("no status line");
        (Status, IsLast) = (status, head[7] == '0');
        var (length, isChunked, retries) = (0, false, 0);
        var rest = head[(head.IndexOf((byte)'\n') + 1)..];
        while (rest.IndexOf("\r\n"u8) is >= 0 and var end)
        {
            var line = rest[..end];
            rest = rest[(end + 2)..];
            if (ValueOf(line, "content-length:"u8) is { IsEmpty: false } count)
            {
                if (!Utf8Parser.TryParse(count, out length, out _) || length is < 0 or > MostBytes) throw Malformed("a wrong length");
            }
            else if (ValueOf(line, "transfer-encoding:"u8) is { IsEmpty: false } coding)
                isChunked = Ascii.EqualsIgnoreCase(coding, "chunked"u8);
            else if (ValueOf(line, "connection:"u8) is { IsEmpty: false } connection)
                IsLast = Ascii.EqualsIgnoreCase(connection, "close"u8);
            else if (status == 429 && (!ValueOf(line, "retry-after:"u8).IsEmpty || !ValueOf(line, "retry-after-ms:"u8).IsEmpty)) retries++;
        }
        LacksRetry = status == 429 && retries < 2;
        return (length, isChunked);
    }

    static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && Ascii.EqualsIgnoreCase(line[..name.Length], name) ? line[name.Length..].Trim((byte)' ') : default;

    /// <summary>Reads the body's chunks and lays them end to end.</summary>
    async ValueTask ReadChunks(Stream stream)
    {
        var at = _bodyAt;
        while (true)
        {
            int lineEnd;
            while ((lineEnd = _buffer.AsSpan(at, _filled - at).IndexOf("\r\n"u8)) < 0) await Fill(stream);
            var size = SizeOf(_buffer.AsSpan(at, lineEnd));
            at += lineEnd + 2;
            while (_filled < at + size + 2) await Fill(stream);
            if (!_buffer.AsSpan(at + size, 2).SequenceEqual("\r\n"u8)) throw Malformed("a chunk without an end");
            _buffer.AsSpan(at, size).CopyTo(_buffer.AsSpan(_bodyAt + _bodyLength));
            _bodyLength += size;
            at += size + 2;
            if (size == 0) break;
        }
        HasSurplus = _filled > at;
    }

    static int SizeOf(ReadOnlySpan<byte> line) =>
        Utf8Parser.TryParse(line, out int size, out var used, 'x') && used > 0 && size is >= 0 and <= MostBytes ? size
            : throw Malformed("a chunk without a size");

    static InvalidDataException Malformed(string what) => new($"the answer is no HTTP/1.1: {what}");
}
