using FinIntent.Files;

namespace FinIntent.Lora;

/// <summary>Holds the keys of adapter_config.json that are read; what has no value takes PEFT's default.</summary>
sealed record PeftConfig
{
    public string? PeftType { get; init; }
    public string? TaskType { get; init; }
    public string? BaseModelNameOrPath { get; init; }
    public string? Bias { get; init; }
    public int? R { get; init; }
    public double? LoraAlpha { get; init; }
    public double? LoraDropout { get; init; }
    public bool? UseRslora { get; init; }
    public IReadOnlyDictionary<string, int>? RankPattern { get; init; }
    public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; }

    // Each is a text or a list of texts, LayersToTransform a number or a list of numbers.
    public JsonElement? TargetModules { get; init; }
    public JsonElement? ExcludeModules { get; init; }
    public JsonElement? LayersToTransform { get; init; }
    public JsonElement? LayersPattern { get; init; }

    // true, false or the name of a way to start.
    public JsonElement? InitLoraWeights { get; init; }

    /// <param name="path">The file, for messages.</param>
    public LoraSettings Settings(string path)
    {
        var (dropout, alpha) = (LoraDropout ?? 0, LoraAlpha ?? 8);
        RequireRank("r", R ?? 8);
        foreach (var (pattern, rank) in RankPattern ?? new Dictionary<string, int>()) RequireRank($"rank_pattern.{pattern}", rank);
        if (dropout is not (>= 0 and < 1)) throw Wrong("lora_dropout", dropout, "a number from 0 to below 1");
        foreach (var (key, value) in (AlphaPattern ?? new Dictionary<string, double>()).Select(p => ($"alpha_pattern.{p.Key}", p.Value))
            .Prepend(("lora_alpha", alpha)))
            if (!double.IsFinite(value)) throw Wrong(key, value, "a number");
        return new(R ?? 8, alpha, dropout, UseRslora ?? false, Names(path))
        {
            Rules = Rules(path),
            RankPattern = new(RankPattern ?? new Dictionary<string, int>(), $"{path}: rank_pattern"),
            AlphaPattern = new(AlphaPattern ?? new Dictionary<string, double>(), $"{path}: alpha_pattern"),
        };

        void RequireRank(string key, int rank)
        {
            if (rank is < 1 or > LoraSettings.MostRank) throw Wrong(key, rank, $"a whole number from 1 to {LoraSettings.MostRank}");
        }

        UserErrorException Wrong(string key, double found, string expected) =>
            new(string.Create(CultureInfo.InvariantCulture, $"{path}: {TerminalText.Short(key)} is {found}; expected {expected}"));
    }

    IReadOnlyList<string> Names(string path) => TargetModules switch
    {
        { ValueKind: JsonValueKind.Array } => Texts(TargetModules, path, "target_modules"),
        { ValueKind: JsonValueKind.String } one => one.GetString() == "all-linear" ? [LoraSettings.AllLinears] : [],
        null => throw new UserErrorException($"{path}: target_modules is missing; it lists the names of the adapted modules"),
        var other => throw new UserErrorException(
            $"{path}: target_modules: expected a list of names or a regular expression, got {JsonBinding.Shown(other.Value)}"),
    };

    TargetRules Rules(string path)
    {
        var rules = new TargetRules { Place = $"{path}: target_modules", IsStrict = false };
        if (TargetModules is { ValueKind: JsonValueKind.String } target && target.GetString() is { } pattern and not "all-linear")
            rules = rules with { Pattern = PythonPattern.Whole(pattern, rules.Place) };
        if (ExcludeModules is { ValueKind: JsonValueKind.String } excluded)
            rules = rules with { ExcludedPattern = PythonPattern.Whole(excluded.GetString()!, $"{path}: exclude_modules") };
        else rules = rules with { Excluded = Texts(ExcludeModules, path, "exclude_modules") };
        if (Layers(path) is not { Count: > 0 } layers) return rules;
        var stacks = Texts(LayersPattern, path, "layers_pattern") is { Count: > 0 } given ? given : ["[^.]*"];
        return rules with
        {
            Layers = layers.ToHashSet(),
            LayerNumber = [.. stacks.Select(stack => new PythonPattern($@"^.*\.{stack}\.(\d+)\.", $"{path}: layers_pattern"))],
        };
    }

    List<int> Layers(string path)
    {
        const string Key = "layers_to_transform";
        return LayersToTransform switch
        {
            null or { ValueKind: JsonValueKind.Null } => [],
            { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Number)],
            var one => [Number(one.Value)],
        };

        int Number(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number
            : throw new UserErrorException($"{path}: {Key}: expected a number of a layer or a list of them, got " +
                $"{JsonBinding.Shown(value)}");
    }

    /// <summary>Reads a text or a list of texts.</summary>
    static IReadOnlyList<string> Texts(JsonElement? value, string path, string key) => value switch
    {
        null or { ValueKind: JsonValueKind.Null } => [],
        { ValueKind: JsonValueKind.String } one => [one.GetString()!],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String
            ? item.GetString()!
            : throw new UserErrorException($"{path}: {key}: expected names, got {JsonBinding.Shown(item)}"))],
        var other => throw new UserErrorException($"{path}: {key}: expected a text or a list of texts, got " +
            $"{JsonBinding.Shown(other.Value)}"),
    };
}
