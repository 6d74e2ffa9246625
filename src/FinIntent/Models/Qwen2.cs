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
    public required int NumKeyValueHeads { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public int MaxPositionEmbeddings { get; init; } = 32768;
    public bool TieWordEmbeddings { get; init; }
    public bool UseSlidingWindow { get; init; }
    public string HiddenAct { get; init; } = "silu";
}

/// <summary>Is Qwen2 and Qwen2.5, with biases on q, k and v only.</summary>
/// <remarks>https://arxiv.org/abs/2407.10671; transformers src/transformers/models/qwen2/modeling_qwen2.py</remarks>
sealed class Qwen2(DecoderShape decoder, int maxPositions, bool isTied, Placement placement)
    : DecoderLanguageModel(nameof(Qwen2), decoder, maxPositions, isTied, placement)
{
    public static Qwen2 Create(JsonElement json, Placement placement)
    {
        var config = ConfigReader.Read<Qwen2Config>(json);
        ConfigReader.Require("use_sliding_window", config.UseSlidingWindow, false);
        ConfigReader.Require("hidden_act", config.HiddenAct, "silu");
        var attention = new AttentionShape(config.HiddenSize, config.NumAttentionHeads, config.NumKeyValueHeads,
            config.HiddenSize / config.NumAttentionHeads, QkvBias: true, OutputBias: false);
        var decoder = new DecoderShape(config.VocabSize, config.NumHiddenLayers, config.IntermediateSize, config.RmsNormEps,
            ConfigReader.RopeTheta(json, 1_000_000), MlpBias: false, attention);
        return new(decoder, config.MaxPositionEmbeddings, config.TieWordEmbeddings, placement);
    }
}
