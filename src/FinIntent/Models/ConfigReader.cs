namespace FinIntent.Models;

/// <summary>Reads the fields of config.json that a family names, in both spellings that transformers writes.</summary>
static class ConfigReader
{
    static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <exception cref="UserErrorException">A required field is missing, or has the wrong type.</exception>
    public static T Read<T>(JsonElement config)
    {
        try
        {
            return config.Deserialize<T>(Options)!;
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"config.json: {e.Message}", e);
        }
    }

    /// <summary>Returns RoPE's base: rope_theta, or rope_parameters.rope_theta (transformers ≥ 5).</summary>
    /// <exception cref="UserErrorException">The config asks for a scaling of RoPE, which is not computed here.</exception>
    public static double RopeTheta(JsonElement config, double fallback)
    {
        var theta = Number(config, "rope_theta") ?? fallback;
        foreach (var key in (string[])["rope_parameters", "rope_scaling"])
        {
            if (!config.TryGetProperty(key, out var rope) || rope.ValueKind != JsonValueKind.Object) continue;
            theta = Number(rope, "rope_theta") ?? theta;
            foreach (var name in (string[])["rope_type", "type"])
            {
                if (rope.TryGetProperty(name, out var type) && type.GetString() is { } kind and not "default")
                    throw new UserErrorException($"config.json: {key}.{name} is \"{kind}\"; only \"default\" (no scaling) is computed " +
                        "here. Remedy: use a checkpoint without RoPE scaling, or remove the key if you never go past the original length");
            }
        }
        return theta;
    }

    /// <summary>Refuses a value that this code does not compute, instead of ignoring it.</summary>
    /// <exception cref="UserErrorException">The config has another value than <paramref name="supported"/>.</exception>
    public static void Require<T>(string key, T found, T supported)
    {
        if (!EqualityComparer<T>.Default.Equals(found, supported))
            throw new UserErrorException($"config.json: {key} is {found}; only {supported} is computed here");
    }

    static double? Number(JsonElement config, string key) =>
        config.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}
