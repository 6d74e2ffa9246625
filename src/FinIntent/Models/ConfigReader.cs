using FinIntent.Files;

namespace FinIntent.Models;

/// <summary>Reads the fields of config.json that a family names, in both spellings that transformers writes.</summary>
static class ConfigReader
{
    static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <exception cref="UserErrorException">A required field is missing, has the wrong type, or a size is beyond any model's.</exception>
    public static T Read<T>(ModelConfig config)
    {
        var fields = JsonBinding.Bind<T>(JsonFile.Object(config.Json, config.File), Options, config.File);
        foreach (var property in Options.GetTypeInfo(typeof(T)).Properties)
            if (config.Json.TryGetProperty(property.Name, out var value)) ConfigBounds.Check(config, property.Name, value);
        return fields;
    }

    /// <summary>Checks that heads share keys and values evenly, and returns the size of a head.</summary>
    /// <param name="headDim">The config's own; null where the hidden size is shared out.</param>
    public static int HeadDim(ModelConfig config, int hiddenSize, int heads, int kvHeads, int? headDim)
    {
        if (heads % kvHeads != 0)
            throw new UserErrorException($"{config.File}: num_key_value_heads is {kvHeads}, which does not divide num_attention_heads, " +
                $"{heads}");
        if (headDim is null && hiddenSize % heads != 0)
            throw new UserErrorException($"{config.File}: num_attention_heads is {heads}, which does not divide hidden_size, " +
                $"{hiddenSize}, and there is no head_dim");
        var size = headDim ?? hiddenSize / heads;
        return size % 2 == 0 ? size : throw new UserErrorException(headDim is null
            ? $"{config.File}: hidden_size {hiddenSize} by num_attention_heads {heads} is {size}; rotary positions need an even number"
            : $"{config.File}: head_dim is {size}; rotary positions need an even number");
    }

    /// <summary>Refuses a value that this code does not compute, instead of ignoring it.</summary>
    /// <exception cref="UserErrorException">The config has another value than <paramref name="supported"/>.</exception>
    public static void Require<T>(ModelConfig config, string key, T found, T supported)
    {
        if (!EqualityComparer<T>.Default.Equals(found, supported))
            throw new UserErrorException($"{config.File}: {key} is {Shown(found)}; only {Shown(supported)} is computed here");

        static string Shown(T value) => value switch
        {
            bool flag => flag ? "true" : "false",
            string text => $"\"{TerminalText.Short(text)}\"",
            _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };
    }
}
