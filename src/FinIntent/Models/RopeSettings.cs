using FinIntent.Files;

namespace FinIntent.Models;

/// <summary>Reads what config.json says of rotary positions, and refuses what is not computed here.</summary>
/// <remarks>transformers src/transformers/modeling_rope_utils.py; before its version 5 the base stood beside rope_scaling.</remarks>
static class RopeSettings
{
    static readonly string[] Keys = ["rope_parameters", "rope_scaling"];

    /// <summary>Returns RoPE's base: rope_theta, or rope_parameters.rope_theta (transformers ≥ 5).</summary>
    /// <param name="fallback">The family's, where the config names none.</param>
    /// <exception cref="UserErrorException">A value is of the wrong kind, or asks for what is not computed here.</exception>
    public static double Theta(ModelConfig config, double fallback)
    {
        RequireWhole(config, config.Json, "");
        var theta = Number(config, config.Json, "rope_theta", "rope_theta") ?? fallback;
        foreach (var key in Keys)
        {
            if (!config.Json.TryGetProperty(key, out var rope) || rope.ValueKind == JsonValueKind.Null) continue;
            if (rope.ValueKind != JsonValueKind.Object) throw config.Error(key, rope, "an object");
            RefuseByLayerType(config, key, rope);
            var inside = new ModelConfig(rope, $"{config.File}: {key}");
            foreach (var name in (string[])["rope_type", "type"])
                if (inside.Text(name) is { } kind and not "default") throw Scaled(config, key, name, kind);
            RequireWhole(config, rope, $"{key}.");
            theta = Number(config, rope, "rope_theta", $"{key}.rope_theta") ?? theta;
        }
        return theta;
    }

    static UserErrorException Scaled(ModelConfig config, string key, string name, string kind)
    {
        var isQwen = config.Text("model_type") is "qwen2" or "qwen3";
        var most = config.Json.TryGetProperty("max_position_embeddings", out var value) ? JsonBinding.Shown(value)
            : "max_position_embeddings";
        var remedy = kind switch
        {
            "dynamic" => $"; it changes only texts of more than {most} tokens: without {key} shorter ones are computed as published",
            "yarn" when isQwen => $"; Qwen's models are published without it: leave {key} out for texts of up to their original length",
            _ => "",
        };
        return new($"{config.File}: {key}.{name} is \"{TerminalText.Short(kind)}\"; this scaling of rotary positions is not computed " +
            $"here{remedy}");
    }

    static void RefuseByLayerType(ModelConfig config, string key, JsonElement rope)
    {
        var types = rope.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Object)
            .Select(p => TerminalText.Short(p.Name)).ToList();
        if (types.Count > 0)
            throw new UserErrorException($"{config.File}: {key} is given by layer type ({string.Join(", ", types)}), which is not " +
                "computed here");
    }

    /// <summary>Requires that whole heads are rotated.</summary>
    static void RequireWhole(ModelConfig config, JsonElement place, string prefix)
    {
        const string Key = "partial_rotary_factor";
        if (Number(config, place, Key, prefix + Key) is { } factor) ConfigReader.Require(config, prefix + Key, factor, 1);
    }

    static double? Number(ModelConfig config, JsonElement place, string name, string key)
    {
        if (!place.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var number)) throw config.Error(key, value, "a number");
        ConfigBounds.Check(config, key, value);
        return number;
    }
}
