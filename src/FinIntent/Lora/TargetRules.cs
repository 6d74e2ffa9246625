namespace FinIntent.Lora;

/// <summary>Says which modules an adapter is for where a list of their names does not say it all, as PEFT decides it.</summary>
/// <remarks>peft/tuners/tuners_utils.py, check_target_module_exists.</remarks>
sealed record TargetRules
{
    /// <summary>A run's own: each name of lora_target must be a module's.</summary>
    public static TargetRules OfRun { get; } = new();

    /// <summary>What names the modules, with which messages begin.</summary>
    public string Place { get; init; } = "lora_target";

    /// <summary>Says that each name must be a module's; PEFT's own files may list more than a model has.</summary>
    public bool IsStrict { get; init; } = true;

    /// <summary>In place of names: a pattern of whole names.</summary>
    public PythonPattern? Pattern { get; init; }

    public IReadOnlyList<string> Excluded { get; init; } = [];

    public PythonPattern? ExcludedPattern { get; init; }

    /// <summary>The only layers that are adapted; null means all.</summary>
    public IReadOnlySet<int>? Layers { get; init; }

    /// <summary>Find a layer's number in a module's name, as their first group; the first that matches counts.</summary>
    public IReadOnlyList<PythonPattern> LayerNumber { get; init; } = [];

    /// <summary>Says that a list of names says it all.</summary>
    public bool IsList => Pattern is null && Excluded.Count == 0 && ExcludedPattern is null && Layers is null;

    /// <summary>Says which of the names means a module; the empty text where the pattern does, and null where nothing does.</summary>
    public string? Find(string module, IReadOnlyList<string> names)
    {
        if (ExcludedPattern?.IsMatch(module) == true || Excluded.Any(name => IsMeant(module, name))) return null;
        if (Pattern is not null) return Pattern.IsMatch(module) ? "" : null;
        if (names.FirstOrDefault(name => name == module) is { } exact) return exact;
        return names.FirstOrDefault(name => IsMeant(module, name)) is { } end && IsInLayers(module) ? end : null;
    }

    bool IsInLayers(string module) => Layers is null
        || (LayerNumber.Select(pattern => pattern.FirstGroup(module)).FirstOrDefault(group => group is not null) is { } number
            && int.TryParse(number, CultureInfo.InvariantCulture, out var layer) && Layers.Contains(layer));

    static bool IsMeant(string module, string name) => module == name || module.EndsWith("." + name, StringComparison.Ordinal);
}
