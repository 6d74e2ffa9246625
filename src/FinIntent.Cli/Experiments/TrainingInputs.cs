using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Data;
using FinIntent.Settings;

namespace FinIntent.Cli.Experiments;

/// <summary>What trained weights depend on: base, rows and settings. Where they are written, and what is logged, is none of it.</summary>
static class TrainingInputs
{
    static readonly string[] Without = ["dataset_dir", "tokenized_path", "model_name_or_path", "cache_dir", "overwrite_cache", "leak_check_files", "allow_leak"];

    public static JsonObject Of(SettingsFile settings)
    {
        object[] sections = [settings.Method, settings.Model, settings.Dataset, settings.Train, settings.Evaluation];
        var keys = sections.SelectMany(Binding.Resolved).Where(e => !Without.Contains(e.Key)).ToDictionary();
        return new()
        {
            ["base"] = ModelFingerprint.Of(settings.Model.Folder),
            ["rows"] = new JsonArray([.. FilesOf(settings).Select(file => (JsonNode)ModelFingerprint.OfFile(file))]),
            ["settings"] = JsonSerializer.SerializeToNode(keys),
        };
    }

    static IEnumerable<string> FilesOf(SettingsFile settings)
    {
        if (settings.Dataset.TokenizedPath is { } tokens && File.Exists(tokens)) yield return tokens;
        List<string> names = [.. settings.Dataset.Dataset, .. settings.Dataset.EvalDataset];
        if (names.Count == 0) yield break;
        var registry = DatasetRegistry.Open(settings.Dataset.DatasetDir, settings.Dataset.HubFiles);
        foreach (var path in names.Select(registry.Get).SelectMany(entry => entry.Files ?? [entry.Path]))
        {
            if (!Directory.Exists(path)) yield return path;
            else foreach (var file in Directory.EnumerateFiles(path).Order(StringComparer.Ordinal)) yield return file;
        }
    }
}
