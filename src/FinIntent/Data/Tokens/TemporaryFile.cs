using Microsoft.Win32.SafeHandles;

namespace FinIntent.Data.Tokens;

/// <summary>Is a file that is appended to and read anywhere; it is gone when its owner is.</summary>
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

    /// <summary>Writes all that was appended, and returns the file for reading; several threads may call it.</summary>
    public SafeFileHandle Flush()
    {
        if (Volatile.Read(ref _pendingLength) > 0)
        {
            lock (_pending)
            {
                RandomAccess.Write(_stream.SafeFileHandle, _pending.AsSpan(0, _pendingLength), _written);
                _written += _pendingLength;
                Volatile.Write(ref _pendingLength, 0);
            }
        }
        return _stream.SafeFileHandle;
    }

    public void Dispose() => _stream.Dispose();
}

static class FileReading
{
    /// <summary>Fills the span with the bytes of a file from the offset on; several threads may call it.</summary>
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

    /// <summary>Hands out the bytes of a file from its beginning on, a part at a time.</summary>
    public static void ReadParts(this SafeFileHandle file, long length, Action<ReadOnlySpan<byte>> take)
    {
        var buffer = new byte[1 << 20];
        for (var at = 0L; at < length; at += buffer.Length)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at));
            file.ReadAll(part, at);
            take(part);
        }
    }
}
