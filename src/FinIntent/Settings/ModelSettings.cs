namespace FinIntent.Settings;

enum InferenceType
{
    Auto,
    Float16,
    [Key("bfloat16")] BFloat16,
    Float32,
}

/// <summary>The base model and how it is loaded.</summary>
sealed record ModelSettings
{
    /// <summary>Folder of the base model.</summary>
    public string ModelNameOrPath { get; init; } = "";

    /// <summary>Folders of adapters: training continues the last one (unless create_new_adapter), the ones before it are merged.</summary>
    public IReadOnlyList<string> AdapterNameOrPath { get; init; } = [];

    /// <summary>A folder the adapters' names are relative to.</summary>
    public string? AdapterFolder { get; init; }

    /// <summary>
    /// Outside training: whether the last adapter is added to the base's weights (faster) or kept beside them. Null: added, unless the base is
    /// quantised. The adapters before it are always added.
    /// </summary>
    public bool? MergeAdapter { get; init; }

    /// <summary>Precision outside training; auto: the checkpoint's own.</summary>
    public InferenceType InferDtype { get; init; }

    /// <summary>The adapters' folders, adapter_folder applied.</summary>
    public IReadOnlyList<string> AdapterPaths =>
        AdapterFolder is null ? AdapterNameOrPath : [.. AdapterNameOrPath.Select(name => Path.Combine(AdapterFolder, name))];
}
