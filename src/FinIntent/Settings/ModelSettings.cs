namespace FinIntent.Settings;

enum InferenceType { Auto, Float16, [Key("bfloat16")] BFloat16, Float32 }

enum QuantizationMethod
{
    /// <summary>int8 with 8 bits, NF4 with 4.</summary>
    [Key("bnb", Formerly = "bitsandbytes")] Bnb,

    /// <summary>float8_e4m3fn, multiplied as such.</summary>
    Fp8,
}

enum QuantizationType { Nf4 }

/// <summary>The base model and how it is loaded.</summary>
sealed record ModelSettings
{
    /// <summary>Folder of the base model, or its name on a hub.</summary>
    public string ModelNameOrPath { get; init; } = "";

    /// <summary>Adapters, folders or a hub's names: the last is trained on (unless create_new_adapter), those before are merged.</summary>
    public IReadOnlyList<string> AdapterNameOrPath { get; init; } = [];

    /// <summary>The branch, tag or commit of a model that comes from a hub.</summary>
    public string ModelRevision { get; init; } = "main";

    /// <summary>Where files from hubs are kept; null: where the environment says (docs/download.md).</summary>
    public string? CacheDir { get; init; }

    /// <summary>A folder the adapters' names are relative to.</summary>
    public string? AdapterFolder { get; init; }

    /// <summary>Outside training: whether the last adapter is added to the base's weights (faster) or kept beside them.</summary>
    /// <remarks>Null: added, unless the base is quantised. The adapters before it are always added.</remarks>
    public bool? MergeAdapter { get; init; }

    /// <summary>Precision outside training; auto: the checkpoint's own.</summary>
    public InferenceType InferDtype { get; init; }

    /// <summary>Bits of the linear layers' weights, 8 or 4, packed while a model is loaded, only with lora; null: not packed.</summary>
    public int? QuantizationBit { get; init; }

    public QuantizationMethod QuantizationMethod { get; init; }

    /// <summary>What 4 bits mean.</summary>
    public QuantizationType QuantizationType { get; init; }

    /// <summary>True: with 4 bits, the scales themselves are kept in 8 bits.</summary>
    public bool DoubleQuantization { get; init; } = true;

    /// <summary>True: layers are never computed again to save memory; false: they are where that is faster or nothing else fits.</summary>
    public bool DisableGradientCheckpointing { get; init; }

    /// <summary>The adapters' folders, adapter_folder applied.</summary>
    public IReadOnlyList<string> AdapterPaths =>
        AdapterFolder is null ? AdapterNameOrPath : [.. AdapterNameOrPath.Select(name => Path.Combine(AdapterFolder, name))];
}
