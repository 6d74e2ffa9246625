namespace FinIntent.Models;

/// <summary>Knows how large the numbers of a config.json can be: anything beyond is damage, and would take memory before it is
/// noticed.</summary>
/// <remarks>The bounds are far above every published model's. Where weights are there, <see cref="CheckpointSizes"/> compares with
/// them.</remarks>
static class ConfigBounds
{
    public const int MostVocabulary = 1 << 22, MostLayers = 1000;

    static readonly Dictionary<string, (double Least, double Most)> Bounds = new()
    {
        ["vocab_size"] = (1, MostVocabulary),
        ["padded_vocab_size"] = (1, MostVocabulary),
        ["hidden_size"] = (1, 1 << 17),
        ["intermediate_size"] = (1, 1 << 20),
        ["ffn_hidden_size"] = (1, 1 << 20),
        ["num_hidden_layers"] = (1, MostLayers),
        ["num_layers"] = (1, MostLayers),
        ["num_attention_heads"] = (1, 4096),
        ["num_key_value_heads"] = (1, 4096),
        ["multi_query_group_num"] = (1, 4096),
        ["head_dim"] = (1, 4096),
        ["kv_channels"] = (1, 4096),
        ["max_position_embeddings"] = (1, 1 << 30),
        ["seq_length"] = (1, 1 << 30),
        ["rms_norm_eps"] = (0, 1),
        ["layernorm_epsilon"] = (0, 1),
        ["pad_token_id"] = (0, MostVocabulary),
        ["rope_theta"] = (1, 1e15),
        ["rope_parameters.rope_theta"] = (1, 1e15),
        ["rope_scaling.rope_theta"] = (1, 1e15),
    };

    /// <exception cref="UserErrorException">The value is a number outside its key's bounds.</exception>
    public static void Check(ModelConfig config, string key, JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number || !Bounds.TryGetValue(key, out var bounds)) return;
        if (value.TryGetDouble(out var number) && number >= bounds.Least && number <= bounds.Most) return;
        throw new UserErrorException(string.Create(CultureInfo.InvariantCulture,
            $"{config.File}: {key} is {Files.JsonBinding.Shown(value)}; expected a number from {bounds.Least} to {bounds.Most}"));
    }
}
