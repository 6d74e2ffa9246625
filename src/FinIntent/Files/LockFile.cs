namespace FinIntent.Files;

/// <summary>Opens a file as a lock: as long as it is open no other process opens it so, and the system lets go of it when a process
/// ends, however it ends.</summary>
/// <remarks>It is flock on Linux and macOS, no sharing of writing on Windows. On a network's file system it holds between machines where
/// that file system has locks; where it has none, opening always succeeds, which <see cref="IsFree"/> tells.</remarks>
static partial class LockFile
{
    const int OpenForReading = 0;

    /// <summary>Opens the file and makes it where it is not there; returns null when another process, or this one, has it open.</summary>
    /// <exception cref="IOException">It cannot be opened for another reason, such as a full disk.</exception>
    public static FileStream? TryOpen(string path, FileMode mode = FileMode.OpenOrCreate, FileOptions options = FileOptions.None)
    {
        // Windows lets others read and remove what is locked; elsewhere only None locks, and nobody is kept from reading.
        var share = OperatingSystem.IsWindows() ? FileShare.Read | FileShare.Delete : FileShare.None;
        try
        {
            return new(path, mode, FileAccess.ReadWrite, share, bufferSize: 0, options);
        }
        catch (IOException e) when (IsHeld(e.HResult))
        {
            return null;
        }
        catch (UnauthorizedAccessException) when (OperatingSystem.IsWindows() && File.Exists(path))
        {
            return null; // Windows is about to remove it for its last holder
        }
    }

    /// <summary>Says what stands under a lock's name and is none: a link would be followed, and what it leads to emptied, and a pipe
    /// would block.</summary>
    public static string? Fault(string path) => new FileInfo(path).LinkTarget is { } target ? $"a link to {target}"
        : Directory.Exists(path) ? "a folder" : InputFile.OtherKind(path);

    /// <summary>Says whether nobody has a file open as a lock; one that is not there, or not any more, is free.</summary>
    public static bool IsFree(string path)
    {
        try
        {
            using var taken = File.Exists(path) ? TryOpen(path, FileMode.Open) : null;
            return taken is not null || !File.Exists(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true; // its holder has removed it meanwhile
        }
    }

    /// <summary>Reads a lock file whether it is held or not; null when it is not there any more.</summary>
    public static string? Read(string path)
    {
        try
        {
            using var file = OpenUnlocked(path);
            if (file is null) return null;
            var bytes = new byte[4096];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Opens a file without asking for a lock, which .NET does outside Windows whenever it opens one itself.</summary>
    static FileStream? OpenUnlocked(string path)
    {
        if (OperatingSystem.IsWindows()) return new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
        var file = Open(path, OpenForReading);
        return file < 0 ? null : new(new Microsoft.Win32.SafeHandles.SafeFileHandle(file, ownsHandle: true), FileAccess.Read, 0);
    }

    /// <summary>Says whether waiting helps: EAGAIN of Linux and macOS, a sharing or lock violation of Windows, not a full disk.</summary>
    public static bool IsHeld(int result) => OperatingSystem.IsWindows() ? (result & 0xFFFF) is 0x20 or 0x21 : result == HeldResult;

    /// <summary>The number that the system gives to an error because of a lock.</summary>
    public static int HeldResult { get; } =
        OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsMacOS() ? 35 : 11;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
