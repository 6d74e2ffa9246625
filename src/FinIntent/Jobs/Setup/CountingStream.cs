namespace FinIntent.Jobs.Setup;

/// <summary>Passes on what is written, and tells how many bytes it was.</summary>
sealed class CountingStream(Stream inner, Action<long> count) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int bytes) => Write(buffer.AsSpan(offset, bytes));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        inner.Write(buffer);
        count(buffer.Length);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken stop = default)
    {
        await inner.WriteAsync(buffer, stop);
        count(buffer.Length);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int bytes, CancellationToken stop) =>
        WriteAsync(buffer.AsMemory(offset, bytes), stop).AsTask();

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int bytes) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
