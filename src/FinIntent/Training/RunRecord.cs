using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Runtime;
using FinIntent.Settings;
using TorchSharp;

namespace FinIntent.Training;

/// <summary>run.json: what a run was made from.</summary>
static class RunRecord
{
    public static JsonObject Create(SettingsFile settings, string? template, string baseFormat) => new()
    {
        ["base_model"] = settings.Model.ModelNameOrPath,
        ["base_commit"] = HubDatasets.CommitOf(settings.Model.Folder),
        ["base_fingerprint"] = ModelFingerprint.Of(settings.Model.Folder),
        ["base_format"] = baseFormat,
        ["template"] = template,
        ["seed"] = settings.Train.Seed,
        ["dataset_dir"] = settings.Dataset.DatasetDir is var folder && folder == DatasetRegistry.Online ? folder : Path.GetFullPath(folder),
        ["dataset_commits"] = new JsonObject(
        [
            .. settings.Dataset.HubFiles.Where(files => settings.Dataset.Dataset.Contains(files.Key) && files.Value.Count > 0)
                .Select(files => KeyValuePair.Create(files.Key, (JsonNode?)HubDatasets.CommitOf(files.Value[0])))
                .Where(commit => commit.Value is not null),
        ]),
        ["cache_dir"] = settings.Model.CacheDir is { } cache ? Path.GetFullPath(cache) : null,
        ["tokenized_path"] = settings.Dataset.TokenizedPath is { } tokens ? Path.GetFullPath(tokens) : null,
        ["settings"] = JsonSerializer.SerializeToNode(settings.Resolved()),
        ["versions"] = new JsonObject
        {
            ["finintent"] = ProgramVersion.Full,
            ["torchsharp"] = ProgramVersion.Of(typeof(torch)),
            ["libtorch"] = LibTorch.Folder,
            ["dotnet"] = Environment.Version.ToString(),
            ["system"] = RuntimeInformation.OSDescription,
        },
    };
}
