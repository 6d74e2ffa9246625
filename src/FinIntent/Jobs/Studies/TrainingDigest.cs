using FinIntent.Checkpoints;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Files;
using FinIntent.Settings;

namespace FinIntent.Jobs.Studies;

/// <summary>Tells what trained weights depend on: base, rows and settings, but not where they are written or what is logged.</summary>
static class TrainingDigest
{
    static readonly string[] ModelFiles = ["config.json", "tokenizer*", "special_tokens_map.json", "vocab.json", "merges.txt"];

    static readonly string[] Without =
        ["dataset_dir", "tokenized_path", "model_name_or_path", "cache_dir", "overwrite_cache", "leak_check_files", "allow_leak"];

    /// <summary>The settings that weights depend on, with their defaults.</summary>
    public static JsonObject Defaults { get; } =
        KeysOf(new MethodSettings(), new ModelSettings(), new DatasetSettings(), new TrainSettings(), new EvaluationSettings());

    public static JsonObject Of(Prepared prepared)
    {
        var settings = prepared.Settings;
        return new()
        {
            ["base"] = ModelFingerprint.Of(prepared.Folder),
            ["model_files"] = Fingerprints(ModelFiles.SelectMany(pattern => Directory.EnumerateFiles(prepared.Folder, pattern)).Distinct()),
            ["template"] = prepared.TemplateName,
            ["entries"] = new JsonArray([.. EntriesOf(prepared).Select(entry => JsonSerializer.SerializeToNode(entry))]),
            ["rows"] = Fingerprints(FilesOf(prepared)),
            ["settings"] = KeysOf(settings.Method, settings.Model, settings.Dataset, settings.Train, settings.Evaluation),
        };
    }

    static JsonObject KeysOf(params object[] sections) =>
        new(sections.SelectMany(Binding.Resolved).Where(e => !Without.Contains(e.Key))
            .Select(e => KeyValuePair.Create(e.Key, JsonSerializer.SerializeToNode(e.Value))));

    static JsonArray Fingerprints(IEnumerable<string> files) =>
        [.. files.Order(StringComparer.Ordinal).Select(file => (JsonNode)FileFingerprint.Of(file))];

    /// <summary>Returns the columns and tags with which the rows are read.</summary>
    static IEnumerable<DatasetEntry> EntriesOf(Prepared prepared)
    {
        var data = prepared.Settings.Dataset;
        List<string> names = [.. data.Dataset, .. data.EvalDataset];
        return names.Count == 0 ? [] : names.Select(DatasetRegistry.Open(data.DatasetDir, prepared.HubFiles).Get);
    }

    /// <summary>Returns the files of the rows; tokens that were made from rows are none of them.</summary>
    static IEnumerable<string> FilesOf(Prepared prepared)
    {
        var data = prepared.Settings.Dataset;
        if (data.Dataset.Count == 0 && data.TokenizedPath is { } tokens) yield return tokens;
        foreach (var path in EntriesOf(prepared).SelectMany(entry => entry.Files ?? [entry.Path]))
        {
            if (!Directory.Exists(path)) yield return path;
            else foreach (var file in Directory.EnumerateFiles(path)) yield return file;
        }
    }
}
