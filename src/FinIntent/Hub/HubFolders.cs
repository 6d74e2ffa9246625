namespace FinIntent.Hub;

/// <summary>Turns names of models, adapters and data sets into folders of this machine: a folder that is there is used as it is, and
/// owner/name is fetched from a hub.</summary>
/// <param name="hubs">It is asked for only when something is to be fetched: a wrong token does not end what needs none.</param>
sealed class HubFolders(Lazy<HubChoice> hubs, HubContext context)
{
    public HubFolders(HubChoice hubs, HubContext context) : this(new Lazy<HubChoice>(hubs), context)
    {
    }

    public HubChoice Hubs => hubs.Value;

    /// <summary>The same with another folder for what comes from hubs; null: the environment's.</summary>
    public HubFolders In(string? cache) => cache is null ? this : new(new Lazy<HubChoice>(() => hubs.Value.In(cache)), context);

    /// <summary>The folder of a name: itself where it is a path, whether it is there or not.</summary>
    /// <param name="key">The key that names it, for messages.</param>
    /// <param name="revision">It is used where the name has none.</param>
    /// <exception cref="UserErrorException">It is a hub's name, and the hub does not give it; the message says why.</exception>
    public string Folder(string key, string name, string? revision, FileChoice choice, CancellationToken stop = default)
    {
        if (Directory.Exists(name)) return name;
        // A path that is not there is told by whoever reads it.
        var parsed = HubRepository.Parse(name, RepositoryKind.Model, revision == "main" ? null : revision);
        if (parsed is not { } repository) return name;
        try
        {
            return Fetch(Hubs.Preferred, repository, choice, stop, isPart: choice == ModelFiles.Shape);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{key}: there is no folder {name} on this machine; on the hub: {e.Message}", e);
        }
    }

    /// <exception cref="UserErrorException">It is not to be had; the message says what to do.</exception>
    /// <param name="isPart">The choice is of less than what a use of the repository needs.</param>
    public string Fetch(HubSettings hub, HubRepository repository, FileChoice choice, CancellationToken stop = default, bool isPart = false)
    {
        var download = new SnapshotDownload(hub, context, repository, choice) { IsPart = isPart };
        if (!stop.CanBeCanceled) stop = context.Stop;
        return Task.Run(() => download.Run(stop), stop).GetAwaiter().GetResult();
    }
}
