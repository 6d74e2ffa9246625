using FinIntent.Checkpoints;
using FinIntent.Data.Sources;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Runtime;

namespace FinIntent.Jobs;

/// <summary>Makes run.json, which says what a run was made from.</summary>
static class RunRecord
{
    /// <param name="template">What the run teaches its model; null: nothing that is known.</param>
    /// <param name="labels">The label sets that the run teaches.</param>
    /// <param name="baseFormat">The form that the base's weights are kept in, such as "bfloat16" or "nf4".</param>
    public static JsonObject Create(Prepared prepared, string? template, IReadOnlyList<LabelSet> labels, string baseFormat) => new()
    {
        ["base_model"] = prepared.Settings.Model.ModelNameOrPath,
        ["base_commit"] = HubDatasets.CommitOf(prepared.Folder),
        ["base_fingerprint"] = ModelFingerprint.Of(prepared.Folder),
        ["base_format"] = baseFormat,
        ["template"] = template,
        ["default_system"] = prepared.Settings.Dataset.DefaultSystem,
        ["enable_thinking"] = prepared.Settings.Dataset.EnableThinking,
        ["label_sets"] = new JsonArray([.. labels.Select(set => (JsonNode)set.ToJson())]),
        ["seed"] = prepared.Settings.Train.Seed,
        ["dataset_dir"] = FullDatasetDir(prepared.Settings.Dataset.DatasetDir),
        ["dataset_commits"] = new JsonObject(CommitsOf(prepared)),
        ["cache_dir"] = prepared.Settings.Model.CacheDir is { } cache ? Path.GetFullPath(cache) : null,
        ["tokenized_path"] = prepared.Settings.Dataset.TokenizedPath is { } tokens ? Path.GetFullPath(tokens) : null,
        ["settings"] = JsonSerializer.SerializeToNode(prepared.Settings.Resolved()),
        ["versions"] = new JsonObject
        {
            ["finintent"] = ProgramVersion.Full,
            ["torchsharp"] = ProgramVersion.Of(typeof(torch)),
            ["libtorch"] = LibTorch.Folder,
            ["dotnet"] = Environment.Version.ToString(),
            ["system"] = RuntimeInformation.OSDescription,
        },
    };

    static string FullDatasetDir(string folder) => folder == DatasetRegistry.Online ? folder : Path.GetFullPath(folder);

    /// <summary>The commits of the training rows that come from Hugging Face's cache.</summary>
    static IEnumerable<KeyValuePair<string, JsonNode?>> CommitsOf(Prepared prepared) =>
        from files in prepared.HubFiles
        where prepared.Settings.Dataset.Dataset.Contains(files.Key) && files.Value.Count > 0
        let commit = HubDatasets.CommitOf(files.Value[0])
        where commit is not null
        select KeyValuePair.Create(files.Key, (JsonNode?)commit);
}
