namespace FinIntent.Jobs.Setup;

/// <summary>A file that tells how many bytes are written to it.</summary>
sealed class CountingStream(FileStream file, Action<long> count) : Stream
{
    public override bool CanRead => false;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    public override void Write(byte[] buffer, int offset, int bytes) => Write(buffer.AsSpan(offset, bytes));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        file.Write(buffer);
        count(buffer.Length);
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken stop = default)
    {
        await file.WriteAsync(buffer, stop);
        count(buffer.Length);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int bytes, CancellationToken stop) =>
        WriteAsync(buffer.AsMemory(offset, bytes), stop).AsTask();

    public override void Flush() => file.Flush();

    public override int Read(byte[] buffer, int offset, int bytes) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);

    public override void SetLength(long value) => file.SetLength(value);
}
