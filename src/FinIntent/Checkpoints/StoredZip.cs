using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Checkpoints;

/// <summary>Describes an entry that is stored, never compressed: where its bytes lie in the archive.</summary>
sealed record ZipEntry(string Name, long Offset, long Length, uint Crc);

/// <summary>Reads the directory of a zip or zip64 archive whose entries are stored, as torch writes it.</summary>
/// <remarks>Zip libraries hide where an entry's bytes lie, and would inflate what must not be inflated. The format's description is at
/// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT</remarks>
sealed class StoredZip
{
    const int EndBytes = 22, LocatorBytes = 20, End64Bytes = 56, RecordBytes = 46, LocalBytes = 30;
    const int MaxDirectoryBytes = 16 << 20;
    const int MaxEntries = 100_000;
    const uint NoCrc = 0; // torch can be told not to compute checksums

    readonly string _path;
    readonly SafeFileHandle _file;
    readonly long _fileLength;
    readonly Dictionary<string, ZipEntry> _entries = [];

    StoredZip(string path, SafeFileHandle file) => (_path, _file, _fileLength) = (path, file, RandomAccess.GetLength(file));

    public IReadOnlyDictionary<string, ZipEntry> Entries => _entries;

    /// <exception cref="UserErrorException">It is no such archive: the message has the byte offset and the reason.</exception>
    public static StoredZip Read(string path, SafeFileHandle file)
    {
        var zip = new StoredZip(path, file);
        var (start, bytes, count) = zip.FindDirectory();
        zip.ReadDirectory(start, bytes, count);
        return zip;
    }

    /// <summary>Returns an entry's bytes after a check of their checksum.</summary>
    /// <exception cref="UserErrorException">The entry is too long or damaged: the message has the byte offset and the reason.</exception>
    public byte[] ReadAll(ZipEntry entry, int maxBytes)
    {
        if (entry.Length > maxBytes) throw Refuse(entry.Offset, $"{entry.Name} has {entry.Length} bytes, more than {maxBytes}");
        var bytes = Bytes(entry.Offset, (int)entry.Length, entry.Name);
        CheckCrc(entry, Crc32.HashToUInt32(bytes));
        return bytes;
    }

    /// <summary>Compares an entry of any size with its checksum, in constant memory.</summary>
    public void Verify(ZipEntry entry)
    {
        if (entry.Crc == NoCrc) return;
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        var crc = new Crc32();
        for (var at = 0L; at < entry.Length;)
        {
            var read = RandomAccess.Read(_file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.Length - at)), entry.Offset + at);
            if (read == 0) throw Refuse(entry.Offset + at, $"the file ends inside {entry.Name}");
            crc.Append(buffer.AsSpan(0, read));
            at += read;
        }
        ArrayPool<byte>.Shared.Return(buffer);
        CheckCrc(entry, crc.GetCurrentHashAsUInt32());
    }

    public UserErrorException Refuse(long offset, string reason) => new($"{_path}: byte {offset}: {reason}");

    void CheckCrc(ZipEntry entry, uint crc)
    {
        if (entry.Crc == NoCrc || entry.Crc == crc) return;
        throw Refuse(entry.Offset, $"{entry.Name} has checksum {crc:x8}, the archive says {entry.Crc:x8}: " +
            "the file is damaged; download or copy it again");
    }

    (long Start, long Bytes, long Count) FindDirectory()
    {
        if (_fileLength >= 4 && Bytes(0, 4, "the archive").AsSpan().SequenceEqual(GgufFile.Magic))
            throw new UserErrorException($"{_path}: {GgufFile.Told(_path)}");
        if (_fileLength < 4 || BinaryPrimitives.ReadUInt32LittleEndian(Bytes(0, 4, "the archive")) != 0x04034b50)
            throw Refuse(0, "not a zip archive; files of torch before 1.6 and other pickles are not read: " +
                "save again with a newer torch, or get the safetensors of this model");
        var tailBytes = (int)Math.Min(_fileLength, EndBytes + ushort.MaxValue);
        var tail = Bytes(_fileLength - tailBytes, tailBytes, "the end of the archive").AsSpan();
        var at = tailBytes - EndBytes;
        while (at >= 0 && !(U32(tail, at) == 0x06054b50 && at + EndBytes + U16(tail, at + 20) == tailBytes)) at--;
        if (at < 0) throw Refuse(_fileLength, "truncated: no end of a zip directory; download or copy it again");

        var end = _fileLength - tailBytes + at;
        (long Start, long Bytes, long Count) directory = (U32(tail, at + 16), U32(tail, at + 12), U16(tail, at + 10));
        var disk = (uint)U16(tail, at + 4);
        if (end >= LocatorBytes && Bytes(end - LocatorBytes, LocatorBytes, "the zip64 locator") is var locator
            && U32(locator, 0) == 0x07064b50)
        {
            var end64 = I64(locator, 8, end - LocatorBytes);
            var record = Bytes(end64, End64Bytes, "the zip64 end of directory");
            if (U32(record, 0) != 0x06064b50) throw Refuse(end64, "no zip64 end of directory where its locator points");
            directory = (I64(record, 48, end64), I64(record, 40, end64), I64(record, 32, end64));
            disk = U32(record, 16) | U32(locator, 4); // the older field may be all ones
            end = end64;
        }
        if (disk != 0) throw Refuse(end, "the archive spans several files");
        if (directory.Bytes > MaxDirectoryBytes || directory.Count > MaxEntries)
            throw Refuse(end, $"a directory of {directory.Bytes} bytes and {directory.Count} entries is beyond any checkpoint's");
        if (directory.Start > end - directory.Bytes) throw Refuse(end, "the zip directory does not fit before its end");
        return directory;
    }

    void ReadDirectory(long start, long bytes, long count)
    {
        var directory = Bytes(start, (int)bytes, "the zip directory").AsSpan();
        var headers = new List<(long Header, ZipEntry Entry)>();
        var at = 0;
        for (; count > 0; count--)
        {
            if (directory.Length - at < RecordBytes || U32(directory, at) != 0x02014b50)
                throw Refuse(start + at, "no entry of the zip directory here");
            var recordBytes = RecordBytes + U16(directory, at + 28) + U16(directory, at + 30) + U16(directory, at + 32);
            if (directory.Length - at < recordBytes) throw Refuse(start + at, "the zip directory ends inside an entry");
            var (header, entry) = ReadRecord(directory.Slice(at, recordBytes), start + at);
            if (!_entries.TryAdd(entry.Name, entry)) throw Refuse(start + at, $"the archive holds {entry.Name} twice");
            headers.Add((header, entry));
            at += recordBytes;
        }
        if (at != directory.Length) throw Refuse(start + at, "the zip directory holds more than its entries");
        CheckApart(headers, start);
    }

    (long Header, ZipEntry Entry) ReadRecord(ReadOnlySpan<byte> record, long offset)
    {
        var (flags, method, crc) = (U16(record, 8), U16(record, 10), U32(record, 16));
        Span<long> values = [U32(record, 24), U32(record, 20), U32(record, 42)];
        var nameBytes = record.Slice(RecordBytes, U16(record, 28));
        var name = Encoding.UTF8.GetString(nameBytes);
        ReadZip64(record.Slice(RecordBytes + nameBytes.Length, U16(record, 30)), offset, values);
        var (length, packed, header) = (values[0], values[1], values[2]);

        if ((flags & 1) != 0) throw Refuse(offset, $"{name} is encrypted");
        if (method != 0 || packed != length)
            throw Refuse(offset, $"{name} is compressed ({packed} bytes for {length}); torch only stores, and nothing is inflated here");
        var local = Bytes(header, LocalBytes + nameBytes.Length, $"the header of {name}").AsSpan();
        if (U32(local, 0) != 0x04034b50 || U16(local, 26) != nameBytes.Length || !local[LocalBytes..].SequenceEqual(nameBytes))
            throw Refuse(header, $"no header of {name} where the zip directory points");
        if (U16(local, 8) != 0 || ((flags ^ U16(local, 6)) & 1) != 0)
            throw Refuse(header, $"the header of {name} says otherwise than the zip directory");
        var data = header + LocalBytes + nameBytes.Length + U16(local, 28);
        if (data > _fileLength - length) throw Refuse(_fileLength, $"truncated: {name} needs {length} bytes from byte {data} on");
        return (header, new ZipEntry(name, data, length, crc));
    }

    /// <summary>Reads the zip64 field: it holds, in the record's order, the values that are all ones in the record.</summary>
    void ReadZip64(ReadOnlySpan<byte> extra, long offset, Span<long> values)
    {
        var field = ReadOnlySpan<byte>.Empty;
        for (int at = 0, bytes; extra.Length - at >= 4; at += 4 + bytes)
        {
            bytes = Math.Min(U16(extra, at + 2), extra.Length - at - 4);
            if (U16(extra, at) == 1) field = extra.Slice(at + 4, bytes);
        }
        foreach (ref var value in values)
        {
            if (value != uint.MaxValue) continue;
            if (field.Length < 8) throw Refuse(offset, "an entry of the zip directory lacks its zip64 sizes");
            value = I64(field, 0, offset);
            field = field[8..];
        }
    }

    /// <summary>Checks that no two entries share bytes, so that a small file cannot pose as many large tensors.</summary>
    void CheckApart(List<(long Header, ZipEntry Entry)> headers, long directoryStart)
    {
        headers.Sort((a, b) => a.Header.CompareTo(b.Header));
        for (var i = 0; i < headers.Count; i++)
        {
            var next = i + 1 < headers.Count ? headers[i + 1].Header : directoryStart;
            var entry = headers[i].Entry;
            if (entry.Offset + entry.Length > next) throw Refuse(entry.Offset, $"{entry.Name} overlaps what starts at byte {next}");
        }
    }

    byte[] Bytes(long offset, int length, string what)
    {
        if (offset < 0 || offset > _fileLength - length)
            throw Refuse(Math.Clamp(offset, 0, _fileLength), $"truncated: the file ends before the end of {what}");
        var bytes = new byte[length];
        for (var at = 0; at < length;)
        {
            var read = RandomAccess.Read(_file, bytes.AsSpan(at), offset + at);
            if (read == 0) throw Refuse(offset + at, $"truncated: the file ends before the end of {what}");
            at += read;
        }
        return bytes;
    }

    long I64(ReadOnlySpan<byte> bytes, int at, long offset)
    {
        var value = BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);
        return value >= 0 ? value : throw Refuse(offset, $"a size or offset of {(ulong)value} is beyond any file");
    }

    static uint U32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    static ushort U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
