using FinIntent.Files;

namespace FinIntent.Checkpoints;

/// <summary>Tells weights that another program has quantised (GPTQ, AWQ, FP8, bitsandbytes …), which are not read here.</summary>
static class QuantizedWeights
{
    const string Remedy = "use the 16-bit model that they were made from; quantization_bit quantises it while it is loaded";

    static readonly string[] ConfigKeys = ["quantization_config", "compression_config"];

    /// <summary>These parts of names stand beside or in place of a linear's plain weight.</summary>
    static readonly string[] Parts =
    [
        ".qweight", ".qzeros", ".g_idx", ".scales", ".SCB", ".weight_format", ".absmax", ".quant_map", ".nested_absmax", ".quant_state.",
        ".weight_scale", ".weight_scale_inv", ".input_scale", ".weight_packed", ".weight_shape", ".weight_zero_point", ".weight_g_idx",
        "_blocks", "_scales",
    ];

    /// <summary>Returns what config.json says that the weights were quantised by; null where it says nothing.</summary>
    /// <exception cref="UserErrorException">The key holds no object, or no name.</exception>
    public static string? MethodOf(JsonElement config, string file)
    {
        foreach (var key in ConfigKeys)
        {
            if (!config.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null) continue;
            if (value.ValueKind != JsonValueKind.Object)
                throw new UserErrorException($"{file}: {key}: expected an object, got {JsonBinding.Shown(value)}");
            return Method(value, file, key);
        }
        return null;
    }

    static string? Method(JsonElement value, string file, string key)
    {
        var isNamed = value.TryGetProperty("quant_method", out var method) && method.ValueKind != JsonValueKind.Null;
        if (isNamed && method.ValueKind != JsonValueKind.String)
            throw new UserErrorException($"{file}: {key}.quant_method: expected a text, got {JsonBinding.Shown(method)}");
        var bits = (string[])["load_in_4bit", "load_in_8bit"];
        var isOff = bits.All(bit => value.TryGetProperty(bit, out var flag) && flag.ValueKind == JsonValueKind.False);
        return isOff ? null : isNamed ? TerminalText.Short(method.GetString()!) : bits.Any(IsOn) ? "bitsandbytes" : "no name of a method";

        bool IsOn(string bit) => value.TryGetProperty(bit, out var flag) && flag.ValueKind == JsonValueKind.True;
    }

    /// <summary>Refuses a model whose weights are not here yet, by its config.json alone.</summary>
    /// <exception cref="UserErrorException">config.json says that the weights are quantised.</exception>
    public static void RefuseByConfig(JsonElement config, string file)
    {
        if (MethodOf(config, file) is { } method)
            throw new UserErrorException($"{file}: quantization_config says {method}: quantised weights are not read here; {Remedy}");
    }

    /// <summary>Refuses weights that are quantised, whatever config.json says; a key that was left beside plain weights changes
    /// nothing.</summary>
    /// <param name="isUsed">Says of a tensor's name whether the model uses it.</param>
    /// <exception cref="UserErrorException">A tensor is a part of quantised weights, or of a type that plain weights never
    /// have.</exception>
    public static void Refuse(Checkpoint checkpoint, Func<string, bool> isUsed)
    {
        var said = MethodOf(checkpoint.Config, checkpoint.ConfigPath) is { } method ? $" (quantization_config says {method})" : "";
        if (checkpoint.Tensors.Keys.Where(IsPart).Min(StringComparer.Ordinal) is { } part)
            throw Refused($"{part} is a part of quantised weights{said}, which are not read here; {Remedy}");
        var odds = checkpoint.Tensors.Where(t => !IsPlain(t.Value.Type) && isUsed(t.Key)).Select(t => t.Key);
        if (odds.Min(StringComparer.Ordinal) is { } odd)
            throw Refused($"{odd} is stored as {ElementTypes.NameOf(checkpoint.Tensors[odd].Type)}{said}, which is no type of plain " +
                $"weights; {Remedy}");

        UserErrorException Refused(string what) => new($"{checkpoint.Folder}: {what}");
    }

    static bool IsPart(string name) => Parts.Any(part => part.EndsWith('.') ? name.Contains(part, StringComparison.Ordinal)
        : name.EndsWith(part, StringComparison.Ordinal));

    static bool IsPlain(ScalarType type) =>
        type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
}
