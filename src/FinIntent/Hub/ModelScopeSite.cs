using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;

namespace FinIntent.Hub;

/// <summary>
/// ModelScope. As in its own cache files lie in models/owner/name (a dot in the name written ___), without links. The list of files names the SHA-256 of
/// each; .finintent.json remembers which files were found right, so that they are not read again whenever the model is used.
/// </summary>
sealed class ModelScopeSite(HubSettings settings, HubHttp http, HubContext context) : HubSite(settings, http, context)
{
    const string Record = ".finintent.json";
    const int PageSize = 200, MostPages = 1000;

    public override async Task<HubListing> List(HubRepository repository, CancellationToken stop)
    {
        var revision = RevisionOf(repository);
        List<ListedFile> files = [];
        // The list of a model comes whole, that of a data set in pages.
        for (var page = 1; page <= MostPages; page++)
        {
            var query = repository.Kind == RepositoryKind.Model
                ? $"/repo/files?Revision={Uri.EscapeDataString(revision)}&Recursive=True"
                : $"/repo/tree?Revision={Uri.EscapeDataString(revision)}&Root=/&Recursive=True&PageNumber={page}&PageSize={PageSize}";
            var (json, _) = await Http.Json(Address($"/api/v1/{repository.Plural}/{repository.Id}{query}"), new(repository, revision), stop);
            using (json)
            {
                if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("Data", out var data) || data.ValueKind != JsonValueKind.Object
                    || !data.TryGetProperty("Files", out var list) || list.ValueKind != JsonValueKind.Array) throw NoList(repository);
                files.AddRange(list.EnumerateArray().Where(file => Text(file, "Type") != "tree").Select(Listed).Where(file => HubListing.IsSafe(file.Path)));
                if (repository.Kind == RepositoryKind.Model || list.GetArrayLength() < PageSize) break;
            }
        }
        return new(repository, revision, files);
    }

    static ListedFile Listed(JsonElement json) => new(Text(json, "Path") ?? Text(json, "Name") ?? "", Number(json, "Size"),
        Text(json, "Sha256") is { Length: 64 } hash ? new(DigestKind.Sha256, hash.ToLowerInvariant()) : null);

    public override Task<RemoteFile> Locate(HubListing listing, ListedFile file, CancellationToken stop)
    {
        var repository = listing.Repository;
        if (file.Size is not { } size) throw NoList(repository);
        var address = Address($"/api/v1/{repository.Plural}/{repository.Id}/repo?Revision={Uri.EscapeDataString(listing.Commit)}&FilePath={Uri.EscapeDataString(file.Path)}");
        return Task.FromResult(new RemoteFile(file.Path, file.Digest?.Hex ?? "", size, file.Digest, address));
    }

    public override string FolderOf(HubRepository repository, string commit) =>
        Path.Combine(Settings.Cache, repository.Plural, repository.Owner, repository.Name.Replace(".", "___"));

    public override string? CachedCommit(HubRepository repository) => Directory.Exists(FolderOf(repository, "")) ? RevisionOf(repository) : null;

    public override bool IsPlaced(HubListing listing, ListedFile file)
    {
        var path = PathOf(listing, file.Path);
        if (new FileInfo(path) is not { Exists: true } found || (file.Size is { } size && found.Length != size)) return false;
        if (file.Digest is not { } digest) return true;
        if (IsRemembered(listing, file.Path, found, digest)) return true;
        if (FileDigest.Compute(digest.Kind, path) != digest.Hex) return false;
        Remember(listing, file.Path, digest);
        return true;
    }

    public override string TargetOf(HubListing listing, RemoteFile file) => PathOf(listing, file.Path);

    public override bool HasBytes(HubListing listing, RemoteFile file) => false; // a right file is in its place

    // modelscope's own lock, of the whole repository.
    public override string LockOf(HubListing listing, RemoteFile file) => Path.Combine(Settings.Cache, ".lock", listing.Repository.Id.Replace("/", "___"));

    public override void Place(HubListing listing, RemoteFile file, bool isNew)
    {
        if (isNew && file.Digest is { } digest) Remember(listing, file.Path, digest);
    }

    public override void Finish(HubListing listing)
    {
    }

    bool IsRemembered(HubListing listing, string path, FileInfo file, FileDigest digest) =>
        Read(listing)[path] is JsonObject entry && (string?)entry["sha256"] == digest.Hex && (long?)entry["written"] == file.LastWriteTimeUtc.Ticks;

    void Remember(HubListing listing, string path, FileDigest digest)
    {
        var json = Read(listing);
        json[path] = new JsonObject { ["sha256"] = digest.Hex, ["written"] = File.GetLastWriteTimeUtc(PathOf(listing, path)).Ticks };
        AtomicFile.WriteText(RecordOf(listing), json.ToJsonString());
    }

    JsonObject Read(HubListing listing)
    {
        try
        {
            return File.Exists(RecordOf(listing)) && JsonNode.Parse(File.ReadAllText(RecordOf(listing))) is JsonObject json ? json : [];
        }
        catch (JsonException)
        {
            return []; // the files are read once more
        }
    }

    string RecordOf(HubListing listing) => Path.Combine(FolderOf(listing.Repository, listing.Commit), Record);

    string PathOf(HubListing listing, string path) => Path.Combine([FolderOf(listing.Repository, listing.Commit), .. path.Split('/')]);
}
