using Microsoft.Win32.SafeHandles;

namespace FinIntent.Data.Tokens;

static class FileReading
{
    /// <summary>Fills the span with the bytes of a file from there on. Safe to call from several threads.</summary>
    public static void ReadAll(this SafeFileHandle file, Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            var read = RandomAccess.Read(file, bytes, offset);
            if (read == 0)
                throw new EndOfStreamException("a file of encoded rows ended early: was it cut while it was read, or is the disk full?");
            bytes = bytes[read..];
            offset += read;
        }
    }
}

/// <summary>A file that is appended to, read anywhere, and gone when its owner is.</summary>
sealed class TemporaryFile : IDisposable
{
    readonly FileStream _stream;
    readonly byte[] _pending = new byte[1 << 18];
    int _pendingLength;
    long _written;

    public TemporaryFile(string folder)
    {
        var path = Path.Combine(folder, $"finintent-{Environment.ProcessId}-{Guid.NewGuid():N}.tmp");
        _stream = new(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            Options = FileOptions.DeleteOnClose,
            BufferSize = 0,
        });
        if (!OperatingSystem.IsWindows()) File.Delete(path); // an open file without a name: a killed process leaves nothing behind
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _pending.Length - _pendingLength) Flush();
        if (bytes.Length > _pending.Length)
        {
            RandomAccess.Write(_stream.SafeFileHandle, bytes, _written);
            _written += bytes.Length;
            return;
        }
        bytes.CopyTo(_pending.AsSpan(_pendingLength));
        _pendingLength += bytes.Length;
    }

    /// <summary>Fills the span with the bytes from there on.</summary>
    public void Read(Span<byte> bytes, long offset)
    {
        if (offset + bytes.Length > Volatile.Read(ref _written)) Flush();
        _stream.SafeFileHandle.ReadAll(bytes, offset);
    }

    void Flush()
    {
        lock (_pending)
        {
            RandomAccess.Write(_stream.SafeFileHandle, _pending.AsSpan(0, _pendingLength), _written);
            Volatile.Write(ref _written, _written + _pendingLength);
            _pendingLength = 0;
        }
    }

    public void Dispose() => _stream.Dispose();
}
