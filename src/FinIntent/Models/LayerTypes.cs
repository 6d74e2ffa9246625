namespace FinIntent.Models;

/// <summary>Reads layer_types, in which transformers ≥ 5 names the kind of each layer.</summary>
static class LayerTypes
{
    /// <summary>Refuses layers of another kind than attention; those with a window are full ones while use_sliding_window is
    /// false.</summary>
    public static void RequireAttention(ModelConfig config, IReadOnlyList<string>? types)
    {
        if (types?.FirstOrDefault(type => type is not ("full_attention" or "sliding_attention")) is { } other)
            throw new UserErrorException($"{config.File}: layer_types has \"{Files.TerminalText.Short(other)}\"; " +
                "only full_attention is computed here");
    }
}
