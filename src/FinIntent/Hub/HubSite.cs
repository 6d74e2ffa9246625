using System.Text.Json;

namespace FinIntent.Hub;

/// <summary>What differs from hub to hub: how files are listed and found, and how they are kept on this machine.</summary>
abstract class HubSite(HubSettings settings, HubHttp http, HubContext context) : IDisposable
{
    protected HubSettings Settings => settings;

    protected HubHttp Http => http;

    protected HubContext Context => context;

    public static HubSite Of(HubSettings settings, HubContext context)
    {
        var http = new HubHttp(settings, context);
        return settings.Source == HubSource.HuggingFace ? new HuggingFaceSite(settings, http, context) : new ModelScopeSite(settings, http, context);
    }

    /// <summary>The files of a repository, one attempt.</summary>
    public abstract Task<HubListing> List(HubRepository repository, CancellationToken stop);

    /// <summary>Size, digest and place of a file, one attempt.</summary>
    public abstract Task<RemoteFile> Locate(HubListing listing, ListedFile file, CancellationToken stop);

    /// <summary>Where the files of a commit are.</summary>
    public abstract string FolderOf(HubRepository repository, string commit);

    /// <summary>The commit that is here for a repository's revision; null: none is.</summary>
    public abstract string? CachedCommit(HubRepository repository);

    /// <summary>The list of a commit that was kept; null: none was.</summary>
    public abstract HubListing? Kept(HubRepository repository, string commit);

    /// <summary>Files of the list are about to be put into its folder.</summary>
    public abstract void Begin(HubListing listing);

    /// <summary>Whether a file is in its folder, and is the one listed.</summary>
    public abstract bool IsPlaced(HubListing listing, ListedFile file);

    /// <summary>Where a file's bytes are put.</summary>
    public abstract string TargetOf(HubListing listing, RemoteFile file);

    /// <summary>Whether the bytes are there already.</summary>
    public abstract bool HasBytes(HubListing listing, RemoteFile file);

    /// <summary>Held while a file is fetched; null: the whole repository's is.</summary>
    public abstract string? LockOf(HubListing listing, RemoteFile file);

    /// <summary>Held while anything of a repository is fetched; null: each file has its own.</summary>
    public virtual string? LockOf(HubListing listing) => null;

    /// <summary>Puts bytes that are there into the folder.</summary>
    /// <param name="isNew">They were fetched just now.</param>
    public abstract void Place(HubListing listing, RemoteFile file, bool isNew);

    /// <summary>Everything asked for is there.</summary>
    /// <param name="isPart">It was less than what a use of the repository needs.</param>
    public abstract void Finish(HubListing listing, bool isPart);

    public RangedDownload Download(HubListing listing, ListedFile listed, RemoteFile file, DownloadMeter meter) => new(
        http, file, InfoOf(listing, file.Path), settings, meter, async stop => (await Locate(listing, listed, stop)).Location);

    public async Task<T> WithRetries<T>(Func<CancellationToken, Task<T>> work, CancellationToken stop, int? attempts = null) =>
        await http.RetriesOf(attempts ?? settings.Attempts).ExecuteAsync(async token => await work(token), stop);

    protected string RevisionOf(HubRepository repository) =>
        repository.Revision is null || (repository.Revision == "main" && settings.Source == HubSource.ModelScope) ? settings.DefaultRevision : repository.Revision;

    protected HubRequestInfo InfoOf(HubListing listing, string? file) => new(listing.Repository, RevisionOf(listing.Repository), file);

    protected Uri Address(string path) => new(settings.Endpoint.AbsoluteUri.TrimEnd('/') + path);

    protected static string Escaped(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    protected static string? Text(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    protected static long? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    protected HubFailure NoList(HubRepository repository) => new(
        $"{settings.Endpoint.AbsoluteUri.TrimEnd('/')} sent no list of the files of {repository}; is it a hub (HF_ENDPOINT, MODELSCOPE_DOMAIN)?", isFinal: true);

    public void Dispose() => http.Dispose();
}
