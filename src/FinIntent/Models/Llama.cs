using FinIntent.Models.Layers;

namespace FinIntent.Models;

/// <summary>Holds the fields of config.json that this family reads; a field without a default is required.</summary>
sealed record LlamaConfig
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public int? NumKeyValueHeads { get; init; }
    public int? HeadDim { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public int MaxPositionEmbeddings { get; init; } = 2048;
    public bool TieWordEmbeddings { get; init; }
    public bool AttentionBias { get; init; }
    public bool MlpBias { get; init; }
    public int PretrainingTp { get; init; } = 1;
    public string HiddenAct { get; init; } = "silu";
}

/// <summary>Is Llama 2 and 3. https://arxiv.org/abs/2407.21783; transformers src/transformers/models/llama/modeling_llama.py</summary>
sealed class Llama(DecoderShape decoder, int maxPositions, bool isTied, Placement placement)
    : DecoderLanguageModel(nameof(Llama), decoder, maxPositions, isTied, placement)
{
    public static Llama Create(ModelConfig file, Placement placement)
    {
        var config = ConfigReader.Read<LlamaConfig>(file);
        ConfigReader.Require(file, "pretraining_tp", config.PretrainingTp, 1);
        ConfigReader.Require(file, "hidden_act", config.HiddenAct, "silu");
        var (heads, kvHeads) = (config.NumAttentionHeads, config.NumKeyValueHeads ?? config.NumAttentionHeads);
        var attention = new AttentionShape(config.HiddenSize, heads, kvHeads,
            ConfigReader.HeadDim(file, config.HiddenSize, heads, kvHeads, config.HeadDim), config.AttentionBias, config.AttentionBias);
        var decoder = new DecoderShape(config.VocabSize, config.NumHiddenLayers, config.IntermediateSize, config.RmsNormEps,
            RopeSettings.Theta(file, 10_000), config.MlpBias, attention);
        return new(decoder, config.MaxPositionEmbeddings, config.TieWordEmbeddings, placement);
    }
}
