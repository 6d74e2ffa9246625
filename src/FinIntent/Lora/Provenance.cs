using FinIntent.Checkpoints;
using FinIntent.Files;

namespace FinIntent.Lora;

/// <summary>Says how a folder's weights were trained: an adapter's run.json tells it, or an exported model's finintent.json.</summary>
/// <remarks>A checkpoint's run.json is that of its run. Folders made by other programs say nothing.</remarks>
/// <param name="BaseFingerprint">The fingerprint of the model the adapter belongs on (<see cref="ModelFingerprint"/>).</param>
sealed record Provenance(string? Template, string? BaseFingerprint)
{
    /// <summary>The system text in place of the template's that training used; null means the template's.</summary>
    public string? DefaultSystem { get; init; }

    /// <summary>Says whether training taught a thought before each answer.</summary>
    public bool EnableThinking { get; init; }

    /// <summary>The label sets that training taught, as the record has them; null where it says nothing.</summary>
    public JsonArray? LabelSets { get; init; }

    /// <summary>The file that says all this; null where there is none.</summary>
    public string? Record { get; init; }

    public const string ExportFile = "finintent.json";
    const string RunFile = "run.json";

    public static Provenance Read(string folder)
    {
        if (PathIn(folder) is not { } path) return new(null, null);
        var record = ReadRecord(path);
        return new(record.Template, record.BaseFingerprint)
        {
            Record = path,
            DefaultSystem = record.DefaultSystem,
            EnableThinking = record.EnableThinking ?? false,
            LabelSets = record.LabelSets is { } sets ? [.. sets.Select(set => JsonSerializer.SerializeToNode(set))] : null,
        };
    }

    /// <summary>Returns what the last trained of these folders says: an adapter's record stands before its base's.</summary>
    /// <param name="folders">The adapters and the model, in the order in which they were trained.</param>
    public static Provenance OfLast(IEnumerable<string> folders) =>
        folders.Reverse().Select(Read).FirstOrDefault(p => p.LabelSets is { Count: > 0 }) ?? new(null, null);

    /// <summary>Returns the run.json files that exist of the trainings a folder's weights went through.</summary>
    /// <remarks>They are its own or that of the run whose checkpoint it is; for an export those of its base and adapters.</remarks>
    public static IReadOnlyList<string> RunFiles(string folder)
    {
        List<string> files = [];
        Collect(folder, files, []);
        return files;
    }

    static void Collect(string folder, List<string> files, HashSet<string> seen)
    {
        if (folder.Length == 0 || folder.Contains('\0') || !seen.Add(Path.GetFullPath(folder))) return;
        if (PathIn(folder) is not { } path) return;
        var record = ReadRecord(path);
        if (Path.GetFileName(path) == RunFile) files.Add(path);
        if (record.BaseModel is { } model) Collect(model, files, seen);
        foreach (var adapter in record.Adapters ?? []) Collect(adapter, files, seen);
    }

    static string? PathIn(string folder) =>
        ((string[])[Path.Combine(folder, ExportFile), Path.Combine(folder, RunFile), Path.Combine(folder, "..", RunFile)])
            .FirstOrDefault(File.Exists);

    static TrainingRecord ReadRecord(string path) => JsonFile.Read<TrainingRecord>(
        path, RecordOptions, Path.GetFileName(path) == ExportFile ? FormatVersion.Export : FormatVersion.Run);

    static readonly JsonSerializerOptions RecordOptions = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>The keys of both records that are read here.</summary>
    sealed record TrainingRecord
    {
        public string? Template { get; init; }
        public string? BaseFingerprint { get; init; }
        public string? DefaultSystem { get; init; }
        public bool? EnableThinking { get; init; }
        public IReadOnlyList<JsonElement>? LabelSets { get; init; }
        public string? BaseModel { get; init; }
        public IReadOnlyList<string>? Adapters { get; init; }
    }

    /// <summary>Writes finintent.json into an exported model's folder.</summary>
    public void Write(string folder, string baseModel, IReadOnlyList<string> adapters)
    {
        JsonFile.Write(Path.Combine(folder, ExportFile), new JsonObject
        {
            ["template"] = Template,
            ["default_system"] = DefaultSystem,
            ["enable_thinking"] = EnableThinking,
            ["label_sets"] = LabelSets?.DeepClone(),
            ["base_model"] = baseModel,
            ["base_fingerprint"] = BaseFingerprint,
            ["adapters"] = new JsonArray([.. adapters.Select(a => (JsonNode)a)]),
        }, FormatVersion.Export);
    }

    /// <summary>Returns the template to use: the wanted one, or that of the training when none is wanted.</summary>
    /// <exception cref="UserErrorException">Both are known and differ, without <paramref name="force"/>.</exception>
    public static string? TemplateFor(string? wanted, IEnumerable<string> folders, bool force)
    {
        foreach (var folder in folders)
        {
            if (Read(folder).Template is not { } trained) continue;
            if (wanted is not null && wanted != trained && !force)
                throw new UserErrorException($"template: \"{wanted}\" is asked for, but {folder} was trained with \"{trained}\"; " +
                    $"use template: {trained}, or force: true if you mean it");
            wanted ??= trained;
        }
        return wanted;
    }

    /// <exception cref="UserErrorException">An adapter was trained on another base model.</exception>
    public static void CheckBase(Checkpoint checkpoint, IEnumerable<string> adapters, bool force)
    {
        if (force) return;
        var found = new Lazy<string>(() => ModelFingerprint.Of(checkpoint));
        foreach (var folder in adapters)
        {
            if (Read(folder).BaseFingerprint is { } trained && trained != found.Value)
                throw new UserErrorException($"adapter_name_or_path: {folder} was trained on the base model with fingerprint {trained}, " +
                    $"but {checkpoint.Folder} has {found.Value}; use the base it was trained on, or force: true if you mean it");
        }
    }
}
