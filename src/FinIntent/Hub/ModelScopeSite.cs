using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Is ModelScope. As in its own cache, files lie without links in models/owner/name (a dot in the name is written ___). The list
/// of files names the SHA-256 of each. .finintent.json remembers which files were found right, so that no use of the model reads them
/// again, and which revision is in the folder, since all revisions have the same one.</summary>
sealed class ModelScopeSite(HubSettings settings, HubHttp http, HubContext context) : HubSite(settings, http, context)
{
    const string Record = ".finintent.json", PythonsRecord = ".mv";

    // No file of a repository has such a name.
    const string RevisionKey = "/revision", FilesKey = "/files";
    const int PageSize = 200, MostPages = 1000;

    // What the hub's interface sends of a folder; its names begin with capitals, as here.
    sealed record Answer(JsonElement Data, string? Message);
    sealed record Folder(IReadOnlyList<Item>? Files);
    sealed record Item(string? Path, string? Name, string? Type, long? Size, string? Sha256);

    static readonly JsonSerializerOptions Interface = new();

    readonly Lock _record = new();

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
            var address = Address($"/api/v1/{repository.Plural}/{repository.Id}{query}");
            using var json = await Http.Json(address, new(repository, revision), stop);
            if (json.RootElement.ValueKind != JsonValueKind.Object) throw NoList(repository);
            var answer = JsonBinding.Bind<Answer>(json.RootElement, Interface, HubHttp.Place(address));
            if (answer.Data.ValueKind != JsonValueKind.Object) throw NoList(repository, answer.Message);
            var list = JsonBinding.Bind<Folder>(answer.Data, Interface, HubHttp.Place(address), nameof(Answer.Data)).Files
                ?? throw NoList(repository, answer.Message);
            files.AddRange(list.Where(file => file.Type != "tree" && HubListing.IsSafe(file.Path ?? file.Name ?? ""))
                .Select(file => Listed(address, file.Path ?? file.Name!, file.Size, file.Sha256)));
            if (repository.Kind == RepositoryKind.Model || list.Count < PageSize) break;
        }
        return new(repository, revision, files);
    }

    public override Task<RemoteFile> Locate(HubListing listing, ListedFile file, CancellationToken stop)
    {
        var repository = listing.Repository;
        if (file.Size is not { } size) throw NoList(repository, $"{file.Path} has no size");
        var query = $"Revision={Uri.EscapeDataString(listing.Commit)}&FilePath={Uri.EscapeDataString(file.Path)}";
        var address = Address($"/api/v1/{repository.Plural}/{repository.Id}/repo?{query}");
        return Task.FromResult(new RemoteFile(file.Path, file.Digest?.Hex ?? "", size, file.Digest, address));
    }

    public override string FolderOf(HubRepository repository, string commit) =>
        Path.Combine(Settings.Cache, repository.Plural, repository.Owner, repository.Name.Replace(".", "___"));

    public override string? CachedCommit(HubRepository repository) =>
        RevisionIn(repository) is { } revision && revision == RevisionOf(repository) ? revision : null;

    /// <summary>Returns the revision that is in the folder; null when there is none, or files of several.</summary>
    string? RevisionIn(HubRepository repository)
    {
        var (folder, revision) = (FolderOf(repository, ""), RevisionOf(repository));
        if (File.Exists(Path.Combine(folder, Record))) return CommitList.Text(Read(repository)[RevisionKey]);
        // modelscope's own record says "Revision:NAME,CreatedAt:TIME"; its older versions left none.
        var python = Path.Combine(folder, PythonsRecord);
        if (File.Exists(python))
            return File.ReadAllText(python).StartsWith($"Revision:{revision},", StringComparison.Ordinal) ? revision : null;
        return Directory.Exists(folder) ? Settings.DefaultRevision : null;
    }

    public override HubListing? Kept(HubRepository repository, string commit) =>
        CommitList.Files(Read(repository)[FilesKey]) is { } files ? new(repository, commit, files) : null;

    public override void Begin(HubListing listing) => Change(listing.Repository, json =>
    {
        if (CommitList.Text(json[RevisionKey]) != listing.Commit) json.Remove(RevisionKey);
        json[FilesKey] = CommitList.ToJson(listing.Files);
    });

    public override bool IsPlaced(HubListing listing, ListedFile file)
    {
        var path = PathOf(listing, file.Path);
        if (new FileInfo(path) is not { Exists: true } found || (file.Size is { } size && found.Length != size)) return false;
        if (file.Digest is not { } digest) return true;
        if (IsRemembered(listing.Repository, file.Path, found, digest)) return true;
        if (FileDigest.Compute(digest.Kind, path) != digest.Hex) return false;
        Remember(listing, file.Path, digest);
        return true;
    }

    public override string TargetOf(HubListing listing, RemoteFile file) => PathOf(listing, file.Path);

    public override bool HasBytes(HubListing listing, RemoteFile file) => false; // a right file is in its place

    public override string? LockOf(HubListing listing, RemoteFile file) => null;

    /// <summary>Returns modelscope's own lock of the whole repository.</summary>
    public override string? LockOf(HubListing listing) => Path.Combine(Settings.Cache, ".lock", listing.Repository.Id.Replace("/", "___"));

    public override void Place(HubListing listing, RemoteFile file, bool isNew)
    {
        if (isNew && file.Digest is { } digest) Remember(listing, file.Path, digest);
    }

    public override void Finish(HubListing listing, bool isPart) => Change(listing.Repository, json => json[RevisionKey] = listing.Commit);

    bool IsRemembered(HubRepository repository, string path, FileInfo file, FileDigest digest) =>
        Read(repository)[path] is JsonObject entry && CommitList.Text(entry["sha256"]) == digest.Hex
        && CommitList.Number(entry["written"]) == file.LastWriteTimeUtc.Ticks;

    void Remember(HubListing listing, string path, FileDigest digest) => Change(listing.Repository, json =>
        json[path] = new JsonObject { ["sha256"] = digest.Hex, ["written"] = File.GetLastWriteTimeUtc(PathOf(listing, path)).Ticks });

    void Change(HubRepository repository, Action<JsonObject> change)
    {
        lock (_record)
        {
            var json = Read(repository);
            var before = json.ToJsonString();
            change(json);
            if (FormatVersion.HubRecord.Stamp(json).ToJsonString() is var text && text != before)
                CommitList.WriteWherePossible(RecordOf(repository), text);
        }
    }

    JsonObject Read(HubRepository repository) =>
        CommitList.Read(RecordOf(repository)) is JsonObject json && FormatVersion.HubRecord.Reads(json) ? json : [];

    string RecordOf(HubRepository repository) => Path.Combine(FolderOf(repository, ""), Record);

    string PathOf(HubListing listing, string path) => Path.Combine([FolderOf(listing.Repository, listing.Commit), .. path.Split('/')]);
}
