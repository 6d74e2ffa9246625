using FinIntent.Files;

namespace FinIntent.Lora;

/// <summary>Reads and writes adapter_config.json as PEFT 0.21 does (peft/tuners/lora/config.py).</summary>
/// <remarks>It ignores unknown keys, and refuses those that change the result and are not computed here.</remarks>
sealed record AdapterConfig(string BaseModel, LoraSettings Settings)
{
    public const string FileName = "adapter_config.json";

    // Under one of these keys, a value other than null, false or empty changes the adapted model.
    static readonly string[] Unsupported =
    [
        "use_dora", "use_qalora", "use_bdlora", "lora_bias", "modules_to_save", "layers_to_transform", "layers_pattern",
        "target_parameters", "trainable_token_indices", "megatron_config", "alora_invocation_tokens", "exclude_modules", "fan_in_fan_out",
        "layer_replication", "arrow_config", "kasa_config", "velora_config", "monteclora_config",
    ];

    /// <summary>Says whether a folder holds an adapter.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    public static AdapterConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new UserErrorException(
                $"{path}: no such file; an adapter folder holds {FileName} and adapter_model.safetensors (or .bin)");
        try
        {
            var json = JsonNode.Parse(File.ReadAllText(path), documentOptions: new() { AllowDuplicateProperties = false })!.AsObject();
            if ((string?)json["peft_type"] is { } kind and not "LORA")
                throw new UserErrorException($"{path}: peft_type is {kind}; only LORA is read here");
            if ((string?)json["bias"] is { } bias and not "none")
                throw new UserErrorException($"{path}: bias is \"{bias}\"; only \"none\" is read here");
            foreach (var key in Unsupported)
                if (IsSet(json[key]))
                    throw new UserErrorException($"{path}: {key} is {json[key]!.ToJsonString()}, which is not computed here");
            if (json["init_lora_weights"] is JsonValue { } start && start.GetValueKind() == JsonValueKind.String
                && !IsPlainStart((string)start!))
                throw new UserErrorException($"{path}: init_lora_weights is \"{start}\", which changes the base's weights too, " +
                    "and that is not computed here; convert the adapter to plain LoRA first " +
                    "(PEFT: path_initial_model_for_weight_conversion)");
            return new((string?)json["base_model_name_or_path"] ?? "", SettingsOf(json, path));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            throw new UserErrorException($"{path}: {e.Message}", e);
        }
    }

    // These only say how A and B start; others (pissa, olora, corda, loftq) take a part out of the base on loading.
    static bool IsPlainStart(string start) => start is "gaussian" or "eva" or "orthogonal";

    static LoraSettings SettingsOf(JsonObject json, string path)
    {
        var rank = (int?)json["r"] ?? 8;
        IReadOnlyList<string> targets = json["target_modules"] switch
        {
            JsonArray list => [.. list.Select(t => (string)t!)],
            JsonValue one when (string?)one == "all-linear" => [LoraSettings.AllLinears],
            var other => throw new UserErrorException(
                $"{path}: target_modules is {other?.ToJsonString() ?? "null"}; a list of module names is needed"),
        };
        return new(rank, (double?)json["lora_alpha"] ?? 8, (double?)json["lora_dropout"] ?? 0, (bool?)json["use_rslora"] ?? false, targets)
        { RankPattern = Pattern(json["rank_pattern"], n => (int)n!), AlphaPattern = Pattern(json["alpha_pattern"], n => (double)n!) };
    }

    static Dictionary<string, T> Pattern<T>(JsonNode? node, Func<JsonNode?, T> value) =>
        node is JsonObject map ? map.ToDictionary(p => p.Key, p => value(p.Value)) : [];

    static bool IsSet(JsonNode? node) => node switch
    {
        null => false,
        JsonArray list => list.Count > 0,
        JsonObject map => map.Count > 0,
        JsonValue value => value.GetValueKind() is not (JsonValueKind.False or JsonValueKind.Null),
        _ => true,
    };

    public void Write(string folder)
    {
        var json = new JsonObject
        {
            ["alpha_pattern"] = Map(Settings.AlphaPattern, v => JsonValue.Create(v)),
            ["auto_mapping"] = null,
            ["base_model_name_or_path"] = BaseModel,
            ["bias"] = "none",
            ["fan_in_fan_out"] = false,
            ["inference_mode"] = true,
            ["init_lora_weights"] = true,
            ["layer_replication"] = null,
            ["layers_pattern"] = null,
            ["layers_to_transform"] = null,
            ["loftq_config"] = new JsonObject(),
            ["lora_alpha"] = Settings.Alpha,
            ["lora_bias"] = false,
            ["lora_dropout"] = Settings.Dropout,
            ["megatron_config"] = null,
            ["megatron_core"] = "megatron.core",
            ["modules_to_save"] = null,
            ["peft_type"] = "LORA",
            ["r"] = Settings.Rank,
            ["rank_pattern"] = Map(Settings.RankPattern, v => JsonValue.Create(v)),
            ["revision"] = null,
            ["target_modules"] = new JsonArray([.. Settings.Targets.Select(t => (JsonNode)t)]),
            ["task_type"] = "CAUSAL_LM",
            ["use_dora"] = false,
            ["use_rslora"] = Settings.UseRsLora,
        };
        AtomicFile.WriteText(Path.Combine(folder, FileName), json.ToJsonString(JsonFile.Indented));
    }

    static JsonObject Map<T>(IReadOnlyDictionary<string, T> pattern, Func<T, JsonNode> node) =>
        new(pattern.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)node(p.Value))));
}
