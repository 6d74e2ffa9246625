using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace FinIntent.Tests.Checkpoints;

/// <summary>Writes stored zip and zip64 archives byte by byte, so that a test can also write wrong ones.</summary>
sealed class HandmadeZip(Stream stream)
{
    readonly MemoryStream _directory = new();
    int _entries;

    /// <summary>The zip64 field in every directory entry, as archives over 4 GB have it.</summary>
    public bool Zip64 { get; init; }

    /// <param name="hole">Zeros after the bytes, not written but skipped; such an entry gets no checksum.</param>
    /// <param name="header">Where the directory says the entry starts, if not where it does.</param>
    public HandmadeZip Add(string name, byte[] bytes, ushort method = 0, long? length = null, ushort flags = 0, long hole = 0,
        long? header = null)
    {
        var crc = hole > 0 ? 0 : Crc32.HashToUInt32(bytes);
        var nameBytes = Encoding.UTF8.GetBytes(name);
        var start = header ?? stream.Position;
        var stored = bytes.Length + hole;
        Write(stream, [0x04034b50, (ushort)20, flags, method, (ushort)0, (ushort)0, crc, (uint)stored, (uint)(length ?? stored),
            (ushort)nameBytes.Length,
            (ushort)0]);
        stream.Write(nameBytes);
        stream.Write(bytes);
        stream.Seek(hole, SeekOrigin.Current);

        var small = Zip64 ? uint.MaxValue : (uint?)null;
        Write(_directory, [0x02014b50, (ushort)20, (ushort)20, flags, method, (ushort)0, (ushort)0, crc, small ?? (uint)stored,
            small ?? (uint)(length ?? stored), (ushort)nameBytes.Length, (ushort)(Zip64 ? 28 : 0), (ushort)0, (ushort)0, (ushort)0, 0u,
                small ?? (uint)start]);
        _directory.Write(nameBytes);
        if (Zip64) Write(_directory, [(ushort)1, (ushort)24, length ?? stored, stored, start]);
        _entries++;
        return this;
    }

    public void Finish()
    {
        var start = stream.Position;
        stream.Write(_directory.ToArray());
        if (Zip64)
        {
            var end64 = stream.Position;
            Write(stream, [0x06064b50, 44L, (ushort)45, (ushort)45, 0u, 0u, (long)_entries, (long)_entries, _directory.Length, start]);
            Write(stream, [0x07064b50, 0u, end64, 1u]);
            Write(stream, [0x06054b50, (ushort)0, (ushort)0, ushort.MaxValue, ushort.MaxValue, uint.MaxValue, uint.MaxValue, (ushort)0]);
        }
        else
        {
            Write(stream, [0x06054b50, (ushort)0, (ushort)0, (ushort)_entries, (ushort)_entries, (uint)_directory.Length, (uint)start,
                (ushort)0]);
        }
    }

    static void Write(Stream target, ReadOnlySpan<object> fields)
    {
        Span<byte> buffer = stackalloc byte[8];
        foreach (var field in fields)
        {
            BinaryPrimitives.WriteInt64LittleEndian(buffer, field switch
            {
                ushort s => s,
                uint u => u,
                int i => i,
                long l => l,
                _ =>
                throw new InvalidCastException()
            });
            target.Write(buffer[..(field switch { ushort => 2, long => 8, _ => 4 })]);
        }
    }
}
