namespace FinIntent.Files;

/// <summary>A folder that is there whole or not at all: filled under a temporary name, flushed to disk, then renamed.</summary>
/// <remarks>A process killed at any moment leaves at most a hidden *.tmp folder, which <see cref="Clean"/> removes.</remarks>
static class AtomicFolder
{
    const string Suffix = ".tmp";

    public static void Write(string path, Action<string> fill)
    {
        path = Path.GetFullPath(path);
        var parent = Path.GetDirectoryName(path)!;
        var temporary = Path.Combine(parent, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}{Suffix}");
        Directory.CreateDirectory(temporary);
        fill(temporary);
        foreach (var file in Directory.EnumerateFiles(temporary, "*", SearchOption.AllDirectories))
        {
            using var handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }
        if (Directory.Exists(path))
        {
            var old = temporary + ".old" + Suffix;
            Directory.Move(path, old);
            Directory.Move(temporary, path);
            Directory.Delete(old, recursive: true);
        }
        else Directory.Move(temporary, path);
    }

    /// <summary>Removes a folder so that it is never seen half removed.</summary>
    public static void Delete(string path)
    {
        var doomed = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}{Suffix}");
        Directory.Move(path, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Removes what killed processes left in a folder.</summary>
    public static void Clean(string parent)
    {
        foreach (var left in Directory.EnumerateDirectories(parent, $".*{Suffix}")) Directory.Delete(left, recursive: true);
        foreach (var left in Directory.EnumerateFiles(parent, $".*{Suffix}")) File.Delete(left);
    }
}
