using System.Text.Json.Serialization;
using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Is Hugging Face and its mirrors. The cache is huggingface_hub's (file_download.py at 0.36 and 1.x):
/// models--owner--name/blobs/ETAG holds the bytes, snapshots/COMMIT/path links to them, refs/REVISION names the commit,
/// .no_exist/COMMIT/path says what is not there, .locks/models--owner--name/ETAG.lock is held while a blob is fetched. Our own file is
/// .finintent/COMMIT.json, the list of a commit's files, of which Python takes no notice.</summary>
sealed class HuggingFaceSite(HubSettings settings, HubHttp http, HubContext context) : HubSite(settings, http, context)
{
    // What the hub's interface sends of a repository at a revision.
    sealed record Revision(string? Sha = null, IReadOnlyList<Sibling>? Siblings = null);
    sealed record Sibling(
        [property: JsonPropertyName("rfilename")] string Path, long? Size = null, string? BlobId = null, LargeFile? Lfs = null);
    sealed record LargeFile(string? Sha256 = null, long? Size = null);

    static readonly JsonSerializerOptions Interface =
        new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true };

    public override async Task<HubListing> List(HubRepository repository, CancellationToken stop)
    {
        var revision = RevisionOf(repository);
        var address = Address($"/api/{repository.Plural}/{repository.Id}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        using var json = await Http.Json(address, new(repository, revision), stop);
        if (json.RootElement.ValueKind != JsonValueKind.Object) throw NoList(repository);
        var answer = JsonBinding.Bind<Revision>(json.RootElement, Interface, HubHttp.Place(address));
        if (answer is not { Sha: { } commit, Siblings: { } files } || !HubRepository.IsCommit(commit)) throw NoList(repository);
        return new(repository, commit, [.. files.Where(file => HubListing.IsSafe(file.Path)).Select(file => Listed(address, file.Path,
            file.Lfs?.Size ?? file.Size, file.Lfs?.Sha256, file.BlobId is { } blob ? FileDigest.OfETag(blob) : null))]);
    }

    /// <summary>Sends a HEAD request, as huggingface_hub does: a redirect to another host tells where the bytes are.</summary>
    public override async Task<RemoteFile> Locate(HubListing listing, ListedFile file, CancellationToken stop)
    {
        var repository = listing.Repository;
        var prefix = repository.Kind == RepositoryKind.Dataset ? "/datasets/" : "/";
        var address = Address($"{prefix}{repository.Id}/resolve/{listing.Commit}/{Escaped(file.Path)}");
        using var answer = await Http.Send(HttpMethod.Head, address, null, leavesHub: false, InfoOf(listing, file.Path), stop);
        var place = HubHttp.Place(address);
        if (HubErrors.Header(answer, "X-Repo-Commit") is { } commit && commit != listing.Commit)
            throw new HubFailure($"{place} is of commit {commit}, and {listing.Commit} was asked for; " +
                "the mirror does not keep them apart: use another (HF_ENDPOINT)", isFinal: true);
        var etag = Plain(HubErrors.Header(answer, "X-Linked-ETag") ?? answer.Headers.ETag?.Tag ?? HubErrors.Header(answer, "ETag"));
        if (etag is null || etag.Length == 0 || !etag.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || etag[0] == '.')
            throw new HubFailure($"{place} names no ETag, so nothing tells what it holds; is it a hub (HF_ENDPOINT)?", isFinal: true);
        var named = Linked(answer);
        if ((file.Size ?? named) is not { } size)
            throw new HubFailure($"{place} names no length, and neither does the list of files, so nothing tells when the file is " +
                "complete; is it a hub (HF_ENDPOINT)?", isFinal: true);
        if (named is { } found && found != size)
            throw await Http.WrongLength(address, (found, size), InfoOf(listing, file.Path), stop);
        var digest = FileDigest.OfETag(etag);
        if (file.Digest is { } listed && digest is not null && listed.Kind == digest.Kind && listed != digest)
            throw new HubFailure($"{place} holds {digest}, and the list of files names {listed}", isFinal: true);
        return new(file.Path, etag, size, Stronger(file.Digest, digest), address, answer.Headers.Location);
    }

    /// <summary>Chooses SHA-256, which the list has of a large file, before git's SHA-1, which may be of its pointer.</summary>
    static FileDigest? Stronger(FileDigest? listed, FileDigest? digest) => listed?.Kind == DigestKind.Sha256 ? listed : digest ?? listed;

    static long? Linked(HttpResponseMessage answer)
    {
        if (long.TryParse(HubErrors.Header(answer, "X-Linked-Size"), out var size)) return size;
        return (int)answer.StatusCode is >= 300 and < 400 ? null : answer.Content.Headers.ContentLength;
    }

    static string? Plain(string? etag) => (etag?.StartsWith("W/", StringComparison.Ordinal) == true ? etag[2..] : etag)?.Trim('"');

    public override string FolderOf(HubRepository repository, string commit) => Path.Combine(Home(repository), "snapshots", commit);

    public override string? CachedCommit(HubRepository repository)
    {
        var commit = RevisionOf(repository);
        if (!HubRepository.IsCommit(commit))
        {
            var reference = Reference(repository, commit);
            commit = File.Exists(reference) ? File.ReadAllText(reference).Trim() : null;
        }
        return commit is not null && HubRepository.IsCommit(commit) && Directory.Exists(FolderOf(repository, commit)) ? commit : null;
    }

    public override HubListing? Kept(HubRepository repository, string commit) =>
        CommitList.Files(CommitList.Read(ListOf(repository, commit))) is { } files ? new(repository, commit, files) : null;

    public override void Begin(HubListing listing)
    {
        if (Kept(listing.Repository, listing.Commit) is not null) return;
        CommitList.WriteWherePossible(ListOf(listing.Repository, listing.Commit), CommitList.ToText(listing.Files));
    }

    string ListOf(HubRepository repository, string commit) => Path.Combine(Home(repository), ".finintent", commit + ".json");

    public override bool IsPlaced(HubListing listing, ListedFile file) =>
        HubListing.IsThere(FolderOf(listing.Repository, listing.Commit), file);

    public override string TargetOf(HubListing listing, RemoteFile file) => Path.Combine(Home(listing.Repository), "blobs", file.ETag);

    public override bool HasBytes(HubListing listing, RemoteFile file) =>
        new FileInfo(TargetOf(listing, file)) is { Exists: true } blob && blob.Length == file.Size;

    public override string? LockOf(HubListing listing, RemoteFile file) =>
        Path.Combine(Settings.Cache, ".locks", NameOf(listing.Repository), file.ETag + ".lock");

    public override void Place(HubListing listing, RemoteFile file, bool isNew)
    {
        var (pointer, blob) = (Pointer(listing, file.Path), TargetOf(listing, file));
        var folder = Path.GetDirectoryName(pointer)!;
        Directory.CreateDirectory(folder);
        File.Delete(pointer); // it may be a link to a blob that is gone
        try
        {
            Context.Link(pointer, Path.GetRelativePath(folder, blob));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            if (File.Exists(pointer)) return;
            // huggingface_hub does the same where there are no links: a new blob moves, one that others may use is copied.
            if (isNew) File.Move(blob, pointer);
            else CopyWhole(blob, pointer);
        }
    }

    static void CopyWhole(string from, string to)
    {
        using var source = File.OpenRead(from);
        AtomicFile.Write(to, target => source.CopyTo(target));
    }

    /// <summary>Names the revision's commit once all is there; until then, for those without a network, it means the old one.</summary>
    public override void Finish(HubListing listing, bool isPart)
    {
        var (revision, repository) = (RevisionOf(listing.Repository), listing.Repository);
        if (repository.Kind == RepositoryKind.Model) Mark(listing);
        if (revision == listing.Commit) return;
        var reference = Reference(repository, revision);
        var known = File.Exists(reference) ? File.ReadAllText(reference).Trim() : null;
        // A part of a new commit does not take the place of an old one that may be whole.
        if (known == listing.Commit || (isPart && known is not null)) return;
        CommitList.WriteWherePossible(reference, listing.Commit);
    }

    void Mark(HubListing listing)
    {
        try
        {
            foreach (var name in ModelFiles.Absent(listing))
            {
                var marker = Path.Combine(Home(listing.Repository), ".no_exist", listing.Commit, name);
                if (File.Exists(marker)) continue;
                Directory.CreateDirectory(Path.GetDirectoryName(marker)!);
                File.WriteAllBytes(marker, []);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Only others may write this cache: Python asks the hub instead.
        }
    }

    string Home(HubRepository repository) => Path.Combine(Settings.Cache, NameOf(repository));

    static string NameOf(HubRepository repository) => $"{repository.Plural}--{repository.Owner}--{repository.Name}";

    string Reference(HubRepository repository, string revision) => HubListing.IsSafe(revision)
        ? Path.Combine([Home(repository), "refs", .. revision.Split('/')])
        : throw new UserErrorException($"{repository.Id}: \"{revision}\" is not the name of a branch, tag or commit");

    string Pointer(HubListing listing, string path) => Path.Combine([FolderOf(listing.Repository, listing.Commit), .. path.Split('/')]);
}
