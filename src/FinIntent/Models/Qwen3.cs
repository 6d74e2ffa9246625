using FinIntent.Models.Layers;

namespace FinIntent.Models;

/// <summary>Holds the fields of config.json that this family reads; a field without a default is required.</summary>
sealed record Qwen3Config
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int? NumKeyValueHeads { get; init; }
    public int? HeadDim { get; init; } = 128;
    public double RmsNormEps { get; init; } = 1e-6;
    public int MaxPositionEmbeddings { get; init; } = 32768;
    public bool TieWordEmbeddings { get; init; }
    public bool AttentionBias { get; init; }
    public bool UseSlidingWindow { get; init; }
    public IReadOnlyList<string>? LayerTypes { get; init; }
    public string HiddenAct { get; init; } = "silu";
}

/// <summary>Is Qwen3, with RMSNorm on each head of q and k, a head size of its own and no biases.</summary>
/// <remarks>https://arxiv.org/abs/2505.09388; transformers src/transformers/models/qwen3/modeling_qwen3.py</remarks>
sealed class Qwen3(DecoderShape decoder, int maxPositions, bool isTied, Placement placement)
    : DecoderLanguageModel(nameof(Qwen3), decoder, maxPositions, isTied, placement)
{
    public static Qwen3 Create(ModelConfig file, Placement placement)
    {
        var config = ConfigReader.Read<Qwen3Config>(file);
        ConfigReader.Require(file, "use_sliding_window", config.UseSlidingWindow, false);
        ConfigReader.Require(file, "hidden_act", config.HiddenAct, "silu");
        LayerTypes.RequireAttention(file, config.LayerTypes);
        var (heads, kvHeads) = (config.NumAttentionHeads, config.NumKeyValueHeads ?? config.NumAttentionHeads);
        var attention = new AttentionShape(config.HiddenSize, heads, kvHeads,
            ConfigReader.HeadDim(file, config.HiddenSize, heads, kvHeads, config.HeadDim),
            QkvBias: config.AttentionBias, OutputBias: config.AttentionBias, NormEpsilon: config.RmsNormEps);
        var decoder = new DecoderShape(config.VocabSize, config.NumHiddenLayers, config.IntermediateSize, config.RmsNormEps,
            RopeSettings.Theta(file, 1_000_000), MlpBias: false, attention);
        return new(decoder, config.MaxPositionEmbeddings, config.TieWordEmbeddings, placement);
    }
}
