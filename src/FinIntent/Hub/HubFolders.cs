using FinIntent.Settings;

namespace FinIntent.Hub;

/// <summary>Names of models, adapters and data sets as folders of this machine: a folder that is there is used as it is, owner/name is fetched from a hub.</summary>
/// <param name="hubs">Asked for only when something is to be fetched: a wrong token does not end what needs none.</param>
sealed class HubFolders(Lazy<HubChoice> hubs, HubContext context)
{
    public HubFolders(HubChoice hubs, HubContext context) : this(new Lazy<HubChoice>(hubs), context)
    {
    }

    public HubChoice Hubs => hubs.Value;

    /// <summary>The settings with model and adapters as folders. The names that were given stay, for what is written.</summary>
    /// <param name="choice">What is needed of the model.</param>
    public SettingsFile Resolve(SettingsFile settings, FileChoice choice, CancellationToken stop = default) => Adapters(Model(settings, choice, stop), stop);

    /// <summary>Only the model.</summary>
    public SettingsFile Model(SettingsFile settings, FileChoice choice, CancellationToken stop = default)
    {
        var model = settings.Model;
        return settings with { Model = model with { Folder = In(model.CacheDir).Folder("model_name_or_path", model.ModelNameOrPath, model.ModelRevision, choice, stop) } };
    }

    /// <summary>Only the adapters.</summary>
    public SettingsFile Adapters(SettingsFile settings, CancellationToken stop = default)
    {
        var (model, here) = (settings.Model, In(settings.Model.CacheDir));
        return settings with
        {
            Model = model with
            {
                AdapterFolders = [.. model.AdapterPaths.Select(name => model.AdapterFolder is null
                    ? here.Folder("adapter_name_or_path", name, null, ModelFiles.Adapter, stop) : name)],
            },
        };
    }

    public HubFolders In(string? cache) => cache is null ? this : new(new Lazy<HubChoice>(() => hubs.Value.In(cache)), context);

    /// <param name="key">What names it, for messages.</param>
    /// <param name="revision">Where the name has none.</param>
    string Folder(string key, string name, string? revision, FileChoice choice, CancellationToken stop)
    {
        if (Directory.Exists(name)) return name;
        // A path that is not there: said by whoever reads it.
        if (HubRepository.Parse(name, RepositoryKind.Model, revision == "main" ? null : revision) is not { } repository) return name;
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
    public string Fetch(HubSettings hub, HubRepository repository, FileChoice choice, CancellationToken stop = default, bool isPart = false) =>
        Task.Run(() => new SnapshotDownload(hub, context, repository, choice) { IsPart = isPart }.Run(stop), stop).GetAwaiter().GetResult();
}
