namespace FinIntent.Files;

/// <summary>A folder that is there whole or not at all: filled under a temporary name, flushed to disk, then renamed.</summary>
/// <remarks>
/// A process killed at any moment leaves at most hidden *.tmp folders, which <see cref="Clean"/> removes. Killed between the two renames
/// of a replacement it leaves no folder of the name; <see cref="Clean"/> puts the old one back. A link stays one: what it leads to is
/// replaced.
/// </remarks>
static partial class AtomicFolder
{
    const string Suffix = ".tmp", Old = ".old" + Suffix;

    public static void Write(string path, Action<string> fill)
    {
        path = OutputPlace.TargetOf(path);
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
            var old = temporary + Old;
            Renaming.Folder(path, old);
            Renaming.Folder(temporary, path);
            Directory.Delete(old, recursive: true);
        }
        else Renaming.Folder(temporary, path);
    }

    /// <summary>Removes a folder so that it is never seen half removed.</summary>
    public static void Delete(string path)
    {
        var doomed = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}{Suffix}");
        Renaming.Folder(path, doomed);
        Directory.Delete(doomed, recursive: true);
    }

    /// <summary>Removes what killed processes left in a folder, of one name or of all; what a run writes now stays.</summary>
    /// <param name="name">The name of a folder or file in it; null: of all.</param>
    public static void Clean(string parent, string? name = null)
    {
        if (!Directory.Exists(parent)) return;
        foreach (var old in Left(parent, name).Where(path => path.EndsWith(Old, StringComparison.Ordinal)))
            if (Path.Combine(parent, NameOf(old)) is var place && !Path.Exists(place)) Renaming.Folder(old, place);
        foreach (var left in Left(parent, name))
        {
            if (Directory.Exists(left)) Directory.Delete(left, recursive: true);
            else File.Delete(left);
        }
    }

    /// <summary>Returns the bytes that <see cref="Clean"/> would make free.</summary>
    public static long BytesLeft(string parent, string name) => !Directory.Exists(parent) ? 0
        : Left(parent, name).Where(Directory.Exists).Sum(BytesOf);

    /// <summary>Returns the bytes of a folder's files.</summary>
    public static long BytesOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>Lists the unfinished files and folders that this program makes: of others that end so nothing is touched.</summary>
    static List<string> Left(string parent, string? name) =>
        [.. Directory.EnumerateFileSystemEntries(parent, $".*{Suffix}")
            .Where(path => NameOf(path) is { Length: > 0 } of && of == (name ?? of) && !IsBeingWritten(path, of))];

    /// <summary>Says whether a run writes it now: it has the file open, or the lock of the folder that this will be.</summary>
    static bool IsBeingWritten(string path, string name)
    {
        var held = Directory.Exists(path) ? OutputPlace.LockBeside(Path.Combine(Path.GetDirectoryName(path)!, name)) : path;
        return !LockFile.IsFree(held) && !OutputLock.IsThisProcess(held);
    }

    static string NameOf(string path) => Temporary().Match(Path.GetFileName(path)).Groups["name"].Value;

    [GeneratedRegex(@"^\.(?<name>.+?)(?:\.\d+)?\.[0-9a-f]{32}\.tmp(?:\.old\.tmp)?$")]
    private static partial Regex Temporary();
}
