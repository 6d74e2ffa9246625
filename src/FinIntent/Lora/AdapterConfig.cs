using FinIntent.Files;

namespace FinIntent.Lora;

/// <summary>Reads and writes adapter_config.json as PEFT 0.21 does (peft/tuners/lora/config.py).</summary>
/// <remarks>It ignores unknown keys, and refuses those that change the result and are not computed here.</remarks>
sealed record AdapterConfig(string BaseModel, LoraSettings Settings)
{
    public const string FileName = "adapter_config.json";

    /// <summary>What to do with an adapter that holds more than is computed here.</summary>
    internal const string MergeRemedy = "merge it into its base with PEFT (merge_and_unload), and use the merged model";

    // Under one of these keys, a value other than null, false or empty changes the adapted model.
    static readonly string[] Unsupported =
    [
        "use_dora", "use_qalora", "use_bdlora", "lora_bias", "modules_to_save", "target_parameters", "trainable_token_indices",
        "megatron_config", "alora_invocation_tokens", "layer_replication", "arrow_config", "kasa_config", "velora_config",
        "monteclora_config",
    ];

    static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Says whether a folder holds an adapter.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <exception cref="UserErrorException">There is no such file, or a key is of the wrong kind or not computed: it is named.</exception>
    public static AdapterConfig Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw new UserErrorException(
                $"{path}: no such file; an adapter folder holds {FileName} and adapter_model.safetensors (or .bin)");
        using var json = JsonFile.Read(path);
        var root = JsonFile.Object(json.RootElement, path);
        var peft = JsonBinding.Bind<PeftConfig>(root, Options, path);
        RefuseOtherKinds(peft, path);
        foreach (var key in Unsupported)
            if (root.TryGetProperty(key, out var value) && IsSet(value))
                throw new UserErrorException($"{path}: {key} is {Shown(value)}, which is not computed here; {MergeRemedy}");
        RequirePlainStart(peft.InitLoraWeights, path);
        return new(peft.BaseModelNameOrPath ?? "", peft.Settings(path));
    }

    static void RefuseOtherKinds(PeftConfig peft, string path)
    {
        if (peft.PeftType is { } kind and not "LORA")
            throw new UserErrorException($"{path}: peft_type is \"{TerminalText.Short(kind)}\"; only LORA is read here");
        if (peft.TaskType is "SEQ_CLS" or "TOKEN_CLS" or "QUESTION_ANS")
            throw new UserErrorException($"{path}: task_type is {peft.TaskType}: the adapter belongs to a head that classifies, " +
                "and here a model answers in words (CAUSAL_LM)");
        if (peft.Bias is { } bias and not "none")
            throw new UserErrorException($"{path}: bias is \"{TerminalText.Short(bias)}\", and trained biases are not computed here; " +
                $"{MergeRemedy}");
    }

    static void RequirePlainStart(JsonElement? start, string path)
    {
        if (start is not { } value || value.ValueKind is JsonValueKind.Null or JsonValueKind.True or JsonValueKind.False) return;
        if (value.ValueKind != JsonValueKind.String)
            throw new UserErrorException($"{path}: init_lora_weights: expected true, false or a text, got {JsonBinding.Shown(value)}");
        // These only say how A and B start; others (pissa, olora, corda, loftq) take a part out of the base on loading.
        if (value.GetString() is not ("gaussian" or "eva" or "orthogonal"))
            throw new UserErrorException($"{path}: init_lora_weights is {JsonBinding.Shown(value)}, which changes the base's weights " +
                "too, and that is not computed here; convert the adapter to plain LoRA first " +
                "(PEFT: path_initial_model_for_weight_conversion)");
    }

    static bool IsSet(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => false,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => true,
    };

    static string Shown(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? TerminalText.Short(JsonSerializer.Serialize(value)) : JsonBinding.Shown(value);

    public void Write(string folder)
    {
        var json = new JsonObject
        {
            ["alpha_pattern"] = Map(Settings.AlphaPattern.Values, v => JsonValue.Create(v)),
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
            ["rank_pattern"] = Map(Settings.RankPattern.Values, v => JsonValue.Create(v)),
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
