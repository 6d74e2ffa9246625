using FinIntent.Files;

namespace FinIntent.Hub;

/// <summary>Does what differs from hub to hub: how files are listed and found, and how they are kept on this machine.</summary>
abstract class HubSite(HubSettings settings, HubHttp http, HubContext context) : IDisposable
{
    protected HubSettings Settings => settings;

    protected HubHttp Http => http;

    protected HubContext Context => context;

    public static HubSite Of(HubSettings settings, HubContext context)
    {
        var http = new HubHttp(settings, context);
        return settings.Source == HubSource.HuggingFace
            ? new HuggingFaceSite(settings, http, context) : new ModelScopeSite(settings, http, context);
    }

    /// <summary>Lists the files of a repository, in one attempt.</summary>
    public abstract Task<HubListing> List(HubRepository repository, CancellationToken stop);

    /// <summary>Finds size, digest and place of a file, in one attempt.</summary>
    public abstract Task<RemoteFile> Locate(HubListing listing, ListedFile file, CancellationToken stop);

    /// <summary>Returns the folder of a commit's files.</summary>
    public abstract string FolderOf(HubRepository repository, string commit);

    /// <summary>Returns the commit that is here for a repository's revision; null when none is.</summary>
    public abstract string? CachedCommit(HubRepository repository);

    /// <summary>Returns the list of a commit that was kept; null when none was.</summary>
    public abstract HubListing? Kept(HubRepository repository, string commit);

    /// <summary>Is called before files of the list are put into its folder.</summary>
    public abstract void Begin(HubListing listing);

    /// <summary>Says whether a file is in its folder, and is the one listed.</summary>
    public abstract bool IsPlaced(HubListing listing, ListedFile file);

    /// <summary>Returns the path to which a file's bytes go.</summary>
    public abstract string TargetOf(HubListing listing, RemoteFile file);

    /// <summary>Says whether the bytes are there already.</summary>
    public abstract bool HasBytes(HubListing listing, RemoteFile file);

    /// <summary>Returns the lock to hold while a file is fetched; null when the whole repository has one.</summary>
    public abstract string? LockOf(HubListing listing, RemoteFile file);

    /// <summary>Returns the lock to hold while anything of a repository is fetched; null when each file has its own.</summary>
    public virtual string? LockOf(HubListing listing) => null;

    /// <summary>Puts bytes that are there into the folder.</summary>
    /// <param name="isNew">Says that they were fetched just now.</param>
    public abstract void Place(HubListing listing, RemoteFile file, bool isNew);

    /// <summary>Is called when everything asked for is there.</summary>
    /// <param name="isPart">Says that it was less than what a use of the repository needs.</param>
    public abstract void Finish(HubListing listing, bool isPart);

    public RangedDownload Download(HubListing listing, ListedFile listed, RemoteFile file, DownloadMeter meter) => new(
        http, file, InfoOf(listing, file.Path), settings, meter, async stop => (await Locate(listing, listed, stop)).Location);

    public async Task<T> WithRetries<T>(Func<CancellationToken, Task<T>> work, CancellationToken stop, int? attempts = null) =>
        await http.RetriesOf(attempts ?? settings.Attempts).ExecuteAsync(async token => await work(token), stop);

    protected string RevisionOf(HubRepository repository)
    {
        var isDefault = repository.Revision is null || (repository.Revision == "main" && settings.Source == HubSource.ModelScope);
        return isDefault ? settings.DefaultRevision : repository.Revision!;
    }

    protected HubRequestInfo InfoOf(HubListing listing, string? file) => new(listing.Repository, RevisionOf(listing.Repository), file);

    protected Uri Address(string path) => new(settings.Endpoint.AbsoluteUri.TrimEnd('/') + path);

    protected static string Escaped(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    /// <summary>Makes a file of the list's entry; what the entry says of its size and digest is what the bytes are held to.</summary>
    /// <param name="sha256">The digest in hexadecimal; empty for none.</param>
    protected static ListedFile Listed(Uri list, string path, long? size, string? sha256, FileDigest? other = null)
    {
        if (size < 0) throw Damaged("a size below zero", $"{size}");
        if (string.IsNullOrEmpty(sha256)) return new(path, size, other);
        return FileDigest.OfETag(sha256.ToLowerInvariant()) is { Kind: DigestKind.Sha256 } digest ? new(path, size, digest)
            : throw Damaged("a SHA-256 that is none", $"\"{TerminalText.Short(sha256)}\"");

        HubFailure Damaged(string what, string value) => new(
            $"{HubHttp.Place(list)} lists {TerminalText.Short(path)} with {what}, {value}; the list is damaged: try again later, " +
            "or use another mirror", isFinal: true);
    }

    /// <param name="said">What the server says in place of a list; null for nothing.</param>
    protected HubFailure NoList(HubRepository repository, string? said = null) => new(
        $"{settings.Endpoint.AbsoluteUri.TrimEnd('/')} sent no list of the files of {repository}" + (said is null
            ? "; is it a hub (HF_ENDPOINT, MODELSCOPE_DOMAIN)?" : $": {TerminalText.Short(said)}"), isFinal: true);

    public void Dispose() => http.Dispose();
}
