using System.Buffers.Binary;
using FinIntent.Files;
using Microsoft.Win32.SafeHandles;

namespace FinIntent.Hub;

/// <summary>Is a file that is being fetched in parts, in any order; the fetch can go on after a process was killed at any moment.</summary>
/// <remarks>A file beside the bytes says how many of each part are there; bytes are counted after they were written. Its name is not
/// that of huggingface_hub's partial files (ETAG.incomplete, or ETAG.XXXXXXXX.incomplete): those are the beginning of a file, and
/// Python would take one with holes for complete. Theirs are taken over: the longest becomes the beginning of ours.</remarks>
sealed class PartialFile : IDisposable
{
    const string Suffix = ".finintent.incomplete", StateSuffix = ".parts";
    const int HeaderBytes = 24, Version = 1;
    static ReadOnlySpan<byte> Magic => "FIPARTS\n"u8;

    readonly string _path;
    readonly SafeFileHandle _data, _state;
    readonly int[] _done;
    readonly int _partBytes;

    PartialFile(string path, long size, int partBytes, SafeFileHandle data, SafeFileHandle state, int[] done)
    {
        (_path, Size, _partBytes, _data, _state, _done) = (path, size, partBytes, data, state, done);
        Done = done.Sum(bytes => (long)bytes);
    }

    public long Size { get; }

    public long Done { get; private set; }

    public bool IsComplete => Done == Size;

    public int Parts => _done.Length;

    /// <summary>Returns how many bytes are here of a file that is to be fetched.</summary>
    public static long DoneOf(string target, long size)
    {
        try
        {
            if (ReadState(target + Suffix + StateSuffix, size) is { } known && File.Exists(target + Suffix))
                return known.Done.Sum(bytes => (long)bytes);
            return Beginning(target, size) is { } beginning ? new FileInfo(beginning).Length : 0;
        }
        catch (IOException)
        {
            return 0; // another process is about to complete it, since the lock is not held yet
        }
    }

    /// <param name="target">The path of the complete file.</param>
    /// <param name="partBytes">The size of a new file's parts; a file that is there keeps its own.</param>
    /// <param name="goesOn">False: what is there of the file is thrown away.</param>
    public static PartialFile Open(string target, long size, int partBytes, bool goesOn = true)
    {
        var (path, statePath) = (target + Suffix, target + Suffix + StateSuffix);
        if (!goesOn) RemoveOthers(target);
        var known = goesOn ? ReadState(statePath, size) : null;
        if (known is null || !File.Exists(path))
        {
            File.Delete(statePath);
            known = Begin(target, path, size, partBytes);
            WriteState(statePath, size, known.Value);
        }
        RemoveOthers(target);
        var data = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        var state = File.OpenHandle(statePath, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
        return new(target, size, known.Value.PartBytes, data, state, known.Value.Done);
    }

    /// <summary>Returns from where to where a part is missing; null when it is there.</summary>
    public (long From, long To)? Missing(int part)
    {
        var (from, to) = (((long)part * _partBytes) + _done[part], Math.Min(Size, (part + 1L) * _partBytes));
        return from < to ? (from, to) : null;
    }

    /// <summary>Writes bytes at a place that goes on from what is there, or lies within it. A part may have one writer.</summary>
    /// <returns>The number of bytes that are new.</returns>
    public int Write(long offset, ReadOnlySpan<byte> bytes)
    {
        var added = 0;
        while (bytes.Length > 0)
        {
            var part = (int)(offset / _partBytes);
            var (within, room) = ((int)(offset % _partBytes), (int)Math.Min(_partBytes - (offset % _partBytes), bytes.Length));
            var known = Math.Clamp(_done[part] - within, 0, room);
            if (known < room)
            {
                RandomAccess.Write(_data, bytes[known..room], offset + known);
                Count(part, within + room);
                added += room - known;
            }
            offset += room;
            bytes = bytes[room..];
        }
        lock (_done) Done += added;
        return added;
    }

    /// <summary>Says whether the file is there from its beginning on, and begins like this.</summary>
    public bool Begins(ReadOnlySpan<byte> beginning)
    {
        if (_done.Length == 0 || _done[0] < beginning.Length) return false;
        Span<byte> bytes = stackalloc byte[beginning.Length];
        return RandomAccess.Read(_data, bytes, 0) == bytes.Length && bytes.SequenceEqual(beginning);
    }

    public string Digest(DigestKind kind, CancellationToken stop) => FileDigest.Compute(kind, _path + Suffix, stop);

    /// <summary>Gives the file its name.</summary>
    public void Complete()
    {
        RandomAccess.FlushToDisk(_data);
        Dispose();
        Renaming.File(_path + Suffix, _path);
        File.Delete(_path + Suffix + StateSuffix);
    }

    /// <summary>Forgets what is there, since it is wrong.</summary>
    public void Forget()
    {
        for (var part = 0; part < _done.Length; part++) Count(part, 0);
        Done = 0;
        RandomAccess.SetLength(_data, 0);
    }

    void Count(int part, int bytes)
    {
        _done[part] = bytes;
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(number, bytes);
        RandomAccess.Write(_state, number, HeaderBytes + ((long)part * sizeof(int)));
    }

    static (int PartBytes, int[] Done) Begin(string target, string path, long size, int partBytes)
    {
        var done = new int[(size + partBytes - 1) / partBytes];
        File.Delete(path);
        if (Beginning(target, size) is { } beginning)
        {
            File.Move(beginning, path);
            var length = new FileInfo(path).Length;
            for (var part = 0; part < done.Length; part++)
            {
                var start = (long)part * partBytes;
                done[part] = (int)Math.Clamp(length - start, 0, Math.Min(partBytes, size - start));
            }
        }
        return (partBytes, done);
    }

    /// <summary>Returns huggingface_hub's longest partial file that can be the beginning; the caller holds the lock on it.</summary>
    static string? Beginning(string target, long size) => Others(target)
        .Where(path => new FileInfo(path).Length is var length && length > 0 && length <= size).MaxBy(path => new FileInfo(path).Length);

    static IEnumerable<string> Others(string target)
    {
        var folder = Path.GetDirectoryName(target)!;
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, Path.GetFileName(target) + ".*incomplete")
                .Where(path => !path.EndsWith(Suffix, StringComparison.Ordinal))
            : [];
    }

    static void RemoveOthers(string target)
    {
        foreach (var path in Others(target).ToList()) File.Delete(path);
    }

    static (int PartBytes, int[] Done)? ReadState(string path, long size)
    {
        if (!File.Exists(path)) return null;
        var bytes = File.ReadAllBytes(path);
        if (bytes.Length < HeaderBytes || !bytes.AsSpan(0, Magic.Length).SequenceEqual(Magic)) return null;
        var header = bytes.AsSpan(Magic.Length);
        var partBytes = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        if (BinaryPrimitives.ReadInt32LittleEndian(header) != Version || partBytes < 1) return null;
        if (BinaryPrimitives.ReadInt64LittleEndian(header[8..]) != size) return null;
        var done = new int[(size + partBytes - 1) / partBytes];
        if (bytes.Length != HeaderBytes + (done.Length * sizeof(int))) return null;
        for (var part = 0; part < done.Length; part++)
        {
            done[part] = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(HeaderBytes + (part * sizeof(int))));
            if (done[part] < 0 || done[part] > Math.Min(partBytes, size - ((long)part * partBytes))) return null;
        }
        return (partBytes, done);
    }

    static void WriteState(string path, long size, (int PartBytes, int[] Done) state)
    {
        var bytes = new byte[HeaderBytes + (state.Done.Length * sizeof(int))];
        Magic.CopyTo(bytes);
        var header = bytes.AsSpan(Magic.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header, Version);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], state.PartBytes);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], size);
        for (var part = 0; part < state.Done.Length; part++)
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(HeaderBytes + (part * sizeof(int))), state.Done[part]);
        AtomicFile.Write(path, stream => stream.Write(bytes));
    }

    public void Dispose()
    {
        _data.Dispose();
        _state.Dispose();
    }
}
