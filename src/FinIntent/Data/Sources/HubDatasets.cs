using FinIntent.Data.Leaks;
using FinIntent.Data.Tokens;
using FinIntent.Hub;
using FinIntent.Settings;

namespace FinIntent.Data.Sources;

/// <summary>Fetches the data sets that dataset_info.json has from a hub.</summary>
static class HubDatasets
{
    /// <summary>Fetches the files of every data set that the settings name and that comes from a hub.</summary>
    public static HubFiles Fetch(DatasetSettings settings, HubFolders hub, CancellationToken stop = default)
    {
        var names = settings.TokenizedPath is { } path && File.Exists(path) ? settings.EvalDataset
            : [.. settings.Dataset, .. settings.EvalDataset];
        return names.Count == 0 ? new Dictionary<string, IReadOnlyList<string>>() : Fetch(settings.DatasetDir, names, hub, stop);
    }

    /// <summary>Fetches the data sets of a run as they were then.</summary>
    public static HubFiles Fetch(RunRows run, HubFolders hub, CancellationToken stop = default) =>
        Fetch(run.DatasetDir!, run.Datasets, hub.In(run.CacheDir), stop, run.Commits);

    /// <summary>Says whether nothing that the settings name is still to be fetched.</summary>
    public static bool AreHere(DatasetSettings settings, HubFiles files)
    {
        var registry = DatasetRegistry.Open(settings.DatasetDir);
        return settings.Dataset.Concat(settings.EvalDataset).All(name => registry.HubEntry(name) is null || files.ContainsKey(name));
    }

    /// <summary>Returns the commit of a path in Hugging Face's cache; null for any other path.</summary>
    public static string? CommitOf(string path)
    {
        var parts = path.Split('/', Path.DirectorySeparatorChar);
        return parts.Zip(parts.Skip(1)).LastOrDefault(pair => pair.First == "snapshots" && HubRepository.IsCommit(pair.Second)).Second;
    }

    /// <param name="commits">The wanted commits of data sets on Hugging Face, by name.</param>
    /// <returns>The files by the name of the data set; data sets that are files here are left out.</returns>
    public static HubFiles Fetch(
        string datasetDir, IEnumerable<string> names, HubFolders hub, CancellationToken stop = default,
        IReadOnlyDictionary<string, string>? commits = null)
    {
        var registry = DatasetRegistry.Open(datasetDir);
        Dictionary<string, IReadOnlyList<string>> files = [];
        foreach (var name in names.Distinct())
        {
            if (registry.HubEntry(name) is not { } entry) continue;
            // LLaMA-Factory's choice: ModelScope's where it is asked for or is the only one.
            var isModelScope = !string.IsNullOrEmpty(entry.MsHubUrl)
                && (hub.Hubs.PrefersModelScope || string.IsNullOrEmpty(entry.HfHubUrl));
            var (key, id, source) = isModelScope ? ("ms_hub_url", entry.MsHubUrl!, HubSource.ModelScope)
                : ("hf_hub_url", entry.HfHubUrl!, HubSource.HuggingFace);
            if (HubRepository.Parse(id, RepositoryKind.Dataset) is not { } repository)
                throw registry.Error(name, $"{key} \"{id}\" is not of the form owner/name");
            if (!isModelScope && commits?.TryGetValue(name, out var commit) == true && HubRepository.IsCommit(commit))
                repository = repository with { Revision = commit };
            files[name] = Fetch(hub, source, repository, entry, e => registry.Error(name, $"{key}: {e.Message}", e), stop);
        }
        return files;
    }

    static string[] Fetch(HubFolders hub, HubSource source, HubRepository repository, DatasetEntry entry,
        Func<UserErrorException, UserErrorException> error, CancellationToken stop)
    {
        var wanted = new HubDataset(entry.Subset, entry.Folder, entry.Split);
        try
        {
            var folder = hub.Fetch(hub.Hubs[source], repository, wanted.Choose, stop);
            return [.. wanted.Files.Select(file => Path.Combine(folder, Path.Combine(file.Split('/'))))];
        }
        catch (UserErrorException e)
        {
            throw error(e);
        }
    }
}
