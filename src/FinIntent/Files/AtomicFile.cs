namespace FinIntent.Files;

/// <summary>A file that is there whole or not at all: written under a temporary name, flushed to disk, then renamed.</summary>
/// <remarks>A process killed at any moment leaves the old file, and at most a *.tmp beside it.</remarks>
sealed class AtomicFile : IDisposable
{
    readonly string _temporary;

    AtomicFile(string path)
    {
        Target = OutputPlace.TargetOf(path); // a link stays one, and what it leads to is written
        var folder = Path.GetDirectoryName(Target)!;
        Directory.CreateDirectory(folder);
        _temporary = Path.Combine(folder, $".{Path.GetFileName(Target)}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp");
        Stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 16);
    }

    public string Target { get; }
    public FileStream Stream { get; }

    public static void Write(string path, Action<Stream> write)
    {
        using var file = Begin(path);
        write(file.Stream);
        file.Commit();
    }

    /// <summary>UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string text) => Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>For several files that appear together: begin all, fill all, commit all. Disposing one not committed removes it.</summary>
    public static AtomicFile Begin(string path) => new(path);

    public void Commit()
    {
        Flush();
        Renaming.File(_temporary, Target);
    }

    /// <summary>Brings the content to disk and closes it; only the rename is left for <see cref="Commit"/>.</summary>
    public void Flush()
    {
        if (!Stream.CanWrite) return;
        Stream.Flush(flushToDisk: true);
        Stream.Dispose();
    }

    public void Dispose()
    {
        try
        {
            Stream.Dispose();
        }
        catch (IOException)
        {
            // What was not written yet cannot be, on a full disk: whoever wrote was told, and the file goes anyway.
        }
        finally
        {
            File.Delete(_temporary); // no error when Commit has renamed it
        }
    }
}
