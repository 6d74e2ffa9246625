namespace FinIntent.Hub;

/// <summary>A file as the list of a repository has it.</summary>
/// <param name="Size">Null: the list does not say.</param>
sealed record ListedFile(string Path, long? Size = null, FileDigest? Digest = null);

/// <summary>The files of a repository at one commit.</summary>
/// <param name="Commit">What its revision means now; for ModelScope, which names none, the revision.</param>
sealed record HubListing(HubRepository Repository, string Commit, IReadOnlyList<ListedFile> Files)
{
    readonly HashSet<string> _paths = [.. Files.Select(file => file.Path)];

    public IEnumerable<string> Paths => Files.Select(file => file.Path);

    public bool Has(string path) => _paths.Contains(path);

    /// <summary>What a folder holds, as a list.</summary>
    public static HubListing OfFolder(HubRepository repository, string commit, string folder) => new(repository, commit,
        [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Where(File.Exists)
            .Select(path => new ListedFile(Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/')))
            .Where(file => !file.Path.StartsWith('.')).OrderBy(file => file.Path, StringComparer.Ordinal)]);

    /// <summary>Whether a file is there with all its bytes; a link to what is gone is not.</summary>
    public static bool IsThere(string folder, ListedFile file)
    {
        FileSystemInfo found = new FileInfo(Path.Combine([folder, .. file.Path.Split('/')]));
        if (found is { Exists: true, LinkTarget: not null }) found = found.ResolveLinkTarget(returnFinalTarget: true) ?? found;
        return found is FileInfo { Exists: true } there && (file.Size is not { } size || there.Length == size);
    }

    /// <summary>Names come from a server, and become paths.</summary>
    public static bool IsSafe(string path) =>
        path.Length > 0 && !path.Contains('\\') && !path.Contains('\0') && !path.Contains(':') && path.Split('/').All(part => part is not ("" or "." or ".."));
}

/// <summary>
/// Which files of a repository are needed. It is asked again when those are there, for some files tell of others, until it asks for nothing new.
/// </summary>
/// <param name="folder">Where the files are that it asked for before.</param>
/// <exception cref="UserErrorException">The repository does not have what is needed.</exception>
delegate IReadOnlyList<string> FileChoice(HubListing listing, string folder);
