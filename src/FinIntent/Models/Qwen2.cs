using FinIntent.Models.Layers;

namespace FinIntent.Models;

/// <summary>Holds the fields of config.json that this family reads; a field without a default is required.</summary>
sealed record Qwen2Config
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int? NumKeyValueHeads { get; init; }
    public int? HeadDim { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public int MaxPositionEmbeddings { get; init; } = 32768;
    public bool TieWordEmbeddings { get; init; }
    public bool UseSlidingWindow { get; init; }
    public IReadOnlyList<string>? LayerTypes { get; init; }
    public string HiddenAct { get; init; } = "silu";
}

/// <summary>Is Qwen2 and Qwen2.5, with biases on q, k and v only.</summary>
/// <remarks>https://arxiv.org/abs/2407.10671; transformers src/transformers/models/qwen2/modeling_qwen2.py</remarks>
sealed class Qwen2(DecoderShape decoder, int maxPositions, bool isTied, Placement placement)
    : DecoderLanguageModel(nameof(Qwen2), decoder, maxPositions, isTied, placement)
{
    public static Qwen2 Create(ModelConfig file, Placement placement)
    {
        var config = ConfigReader.Read<Qwen2Config>(file);
        ConfigReader.Require(file, "use_sliding_window", config.UseSlidingWindow, false);
        ConfigReader.Require(file, "hidden_act", config.HiddenAct, "silu");
        LayerTypes.RequireAttention(file, config.LayerTypes);
        var (heads, kvHeads) = (config.NumAttentionHeads, config.NumKeyValueHeads ?? config.NumAttentionHeads);
        var attention = new AttentionShape(config.HiddenSize, heads, kvHeads,
            ConfigReader.HeadDim(file, config.HiddenSize, heads, kvHeads, config.HeadDim), QkvBias: true, OutputBias: false);
        var decoder = new DecoderShape(config.VocabSize, config.NumHiddenLayers, config.IntermediateSize, config.RmsNormEps,
            RopeSettings.Theta(file, 1_000_000), MlpBias: false, attention);
        return new(decoder, config.MaxPositionEmbeddings, config.TieWordEmbeddings, placement);
    }
}
