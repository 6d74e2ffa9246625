namespace FinIntent.Files;

/// <summary>Opens every file that this program reads and did not just write: only a file's own bytes come out.</summary>
/// <remarks>
/// A pipe or device would block or never end, and a Git LFS pointer stands in for a file that was never fetched; each is refused by name.
/// All members are thread-safe.
/// </remarks>
static partial class InputFile
{
    /// <summary>The bytes with which git begins what it has in place of a large file.</summary>
    public static ReadOnlySpan<byte> LfsPointer => "version https://git-lfs.github.com/spec/"u8;

    /// <summary>Opens a file for reading, which other programs may write, rename and remove meanwhile.</summary>
    /// <exception cref="UserErrorException">There is no such file, it is no regular one, or a Git LFS pointer.</exception>
    public static FileStream Open(string path)
    {
        FileStream? stream = null;
        try
        {
            RefuseOtherKinds(path);
            stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            RefuseLfsPointer(stream, path);
            return stream;
        }
        catch (Exception e)
        {
            stream?.Dispose();
            if (ErrorOf(e, path) is { } error) throw error;
            throw;
        }
    }

    /// <summary>Returns all bytes of a file.</summary>
    /// <exception cref="UserErrorException">As <see cref="Open"/>, or it has more than 2 GiB.</exception>
    public static byte[] Bytes(string path)
    {
        using var stream = Open(path);
        try
        {
            if (stream.Length > Array.MaxLength)
                throw new UserErrorException($"{path}: it has {stream.Length:N0} bytes; up to 2 GiB are read");
            using var bytes = new MemoryStream(capacity: (int)stream.Length);
            stream.CopyTo(bytes); // a file of /proc has bytes though its length is 0
            return bytes.Length == bytes.Capacity ? bytes.GetBuffer() : bytes.ToArray();
        }
        catch (IOException e)
        {
            throw ErrorOf(e, path)!;
        }
    }

    /// <summary>Returns the words for a file that could not be opened or read; null when the exception is none of the file's.</summary>
    public static UserErrorException? ErrorOf(Exception e, string path) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => new($"{path}: there is no such file", e),
        UnauthorizedAccessException => new($"{path}: this user may not read it", e),
        PathTooLongException => new($"{path}: the path is too long for this system", e),
        ArgumentException => new($"{path.Replace("\0", "\\0")}: no file can have this name", e),
        IOException => new($"{path}: cannot be read: {e.Message}", e),
        _ => null,
    };

    static void RefuseOtherKinds(string path)
    {
        if (Directory.Exists(path)) throw new UserErrorException($"{path}: it is a folder; a file is expected");
        if (OtherKind(path) is { } kind)
            throw new UserErrorException($"{path}: it is {kind}; save what comes out of it as a file, which is read more than once");
    }

    /// <summary>Says what a path leads to that is neither a file nor a folder; null where it leads to one of these, or nowhere.</summary>
    /// <remarks>The runtime's own binding of stat(2) has one layout on every Unix: four bytes of flags, then the mode.</remarks>
    internal static string? OtherKind(string path)
    {
        const int FileType = 0xF000, Pipe = 0x1000, Character = 0x2000, Block = 0x6000, Socket = 0xC000;
        if (OperatingSystem.IsWindows() || path.Contains('\0')) return null;
        Span<byte> status = stackalloc byte[512];
        if (Stat(path, ref MemoryMarshal.GetReference(status)) != 0) return null;
        return (MemoryMarshal.Read<int>(status[4..]) & FileType) switch
        {
            Pipe => "a pipe",
            Character or Block => "a device",
            Socket => "a socket",
            _ => null,
        };
    }

    [LibraryImport("libSystem.Native", EntryPoint = "SystemNative_Stat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(string path, ref byte status);

    static void RefuseLfsPointer(FileStream stream, string path)
    {
        Span<byte> beginning = stackalloc byte[LfsPointer.Length];
        var length = stream.ReadAtLeast(beginning, beginning.Length, throwOnEndOfStream: false);
        if (beginning[..length].SequenceEqual(LfsPointer))
            throw new UserErrorException($"{path}: this is a Git LFS pointer, not the file itself; run `git lfs pull` in its folder, " +
                "or fetch the model with `finintent download`");
        stream.Position = 0;
    }
}
