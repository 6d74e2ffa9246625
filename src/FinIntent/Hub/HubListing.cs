using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Is a file as the list of a repository has it.</summary>
/// <param name="Size">The size in bytes; null when the list does not say.</param>
sealed record ListedFile(string Path, long? Size = null, FileDigest? Digest = null);

/// <summary>Holds the files of a repository at one commit.</summary>
/// <param name="Commit">What the revision means now; ModelScope names no commit, so the revision stands here.</param>
sealed record HubListing(HubRepository Repository, string Commit, IReadOnlyList<ListedFile> Files)
{
    readonly HashSet<string> _paths = [.. Files.Select(file => file.Path)];

    public IEnumerable<string> Paths => Files.Select(file => file.Path);

    public bool Has(string path) => _paths.Contains(path);

    /// <summary>Lists what a folder holds.</summary>
    public static HubListing OfFolder(HubRepository repository, string commit, string folder) => new(repository, commit,
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(File.Exists)
            .Select(path => new ListedFile(Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')))
            .Where(file => !file.Path.StartsWith('.')).OrderBy(file => file.Path, StringComparer.Ordinal)]);

    /// <summary>Says whether a file is there with all its bytes; a link to what is gone is not.</summary>
    public static bool IsThere(string folder, ListedFile file)
    {
        FileSystemInfo found = new FileInfo(Path.Combine([folder, .. file.Path.Split('/')]));
        if (found is { Exists: true, LinkTarget: not null }) found = found.ResolveLinkTarget(returnFinalTarget: true) ?? found;
        return found is FileInfo { Exists: true } there && (file.Size is not { } size || there.Length == size);
    }

    /// <summary>Says whether a name, which comes from a server and becomes a path, stays within the folder.</summary>
    public static bool IsSafe(string path) => path.Length > 0 && !path.AsSpan().ContainsAny('\\', '\0', ':')
        && path.Split('/').All(part => OperatingSystem.IsWindows() ? PortableName.FaultOf(part) is null : part is not ("" or "." or ".."));
}

/// <summary>Chooses the files that are needed. Some tell of others, so it is asked again until it asks for nothing new.</summary>
/// <param name="folder">The folder with the files that it asked for before.</param>
/// <exception cref="UserErrorException">The repository does not have what is needed.</exception>
delegate IReadOnlyList<string> FileChoice(HubListing listing, string folder);
