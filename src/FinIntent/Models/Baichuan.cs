using FinIntent.Kernels;
using FinIntent.Models.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;
using Linear = FinIntent.Models.Layers.Linear;

namespace FinIntent.Models;

/// <summary>Holds the fields of config.json that this family reads; a field without a default is required.</summary>
sealed record BaichuanConfig
{
    public required int VocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int IntermediateSize { get; init; }
    public required int NumHiddenLayers { get; init; }
    public required int NumAttentionHeads { get; init; }

    /// <summary>The 13B models have no such field, since they tell positions by ALiBi.</summary>
    public int? MaxPositionEmbeddings { get; init; }
    public double RmsNormEps { get; init; } = 1e-6;
    public int? PadTokenId { get; init; }
    public bool TieWordEmbeddings { get; init; }
    public double? ZLossWeight { get; init; }
    public string HiddenAct { get; init; } = "silu";
}

/// <summary>Is Baichuan2 with rotary positions (7B): one matrix for q, k and v, rotation in fp32, a head of rows of length 1.</summary>
/// <remarks>https://arxiv.org/abs/2309.10305; modeling_baichuan.py of the Baichuan2-7B-Chat repository.</remarks>
sealed class Baichuan(DecoderShape decoder, int maxPositions, Placement placement) : DecoderLanguageModel(
    nameof(Baichuan), decoder, maxPositions, new NormalizedHead(decoder.Attention.HiddenSize, decoder.Vocabulary, placement), placement)
{
    const int VocabularyOfBaichuan1 = 64000, HeadsOf13B = 40;

    public static Baichuan Create(ModelConfig file, Placement placement)
    {
        var config = ConfigReader.Read<BaichuanConfig>(file);
        ConfigReader.Require(file, "hidden_act", config.HiddenAct, "silu");
        ConfigReader.Require(file, "tie_word_embeddings", config.TieWordEmbeddings, false);
        ConfigReader.Require(file, "z_loss_weight", config.ZLossWeight ?? 0, 0);
        RefuseOthers(file, config);
        var heads = config.NumAttentionHeads;
        var headDim = ConfigReader.HeadDim(file, config.HiddenSize, heads, heads, null);
        var attention = new AttentionShape(config.HiddenSize, heads, heads, headDim, QkvBias: false, OutputBias: false);
        var decoder = new DecoderShape(config.VocabSize, config.NumHiddenLayers, config.IntermediateSize, config.RmsNormEps,
            RopeSettings.Theta(file, 10_000), MlpBias: false, attention)
        {
            CreateAttention = (shape, place) => new BaichuanAttention(shape, place),
            NormOrder = RmsNormOrder.CastToWeightThenScale,
            RotaryInFloat32 = true,
            Padding = config.PadTokenId,
        };
        return new(decoder, config.MaxPositionEmbeddings!.Value, placement);
    }

    /// <summary>Refuses the models of the same model_type whose tensors have the same names and that compute something else.</summary>
    static void RefuseOthers(ModelConfig file, BaichuanConfig config)
    {
        var isOld = file.Lists("architectures", "BaiChuanForCausalLM");
        if (isOld || config.VocabSize == VocabularyOfBaichuan1)
            throw Other(isOld ? "architectures names BaiChuanForCausalLM" : $"vocab_size is {config.VocabSize}",
                "which is Baichuan 1: its head is not normalised");
        if (config.NumAttentionHeads == HeadsOf13B || config.MaxPositionEmbeddings is null)
            throw Other(
                config.MaxPositionEmbeddings is null ? "there is no max_position_embeddings" : $"num_attention_heads is {HeadsOf13B}",
                "as in the 13B models: they tell positions by ALiBi");
        if (config.PadTokenId >= config.VocabSize)
            throw new UserErrorException($"{file.File}: pad_token_id is {config.PadTokenId}, and vocab_size {config.VocabSize}");

        UserErrorException Other(string found, string what) => new($"{file.File}: {found}, {what}, which is not computed here; " +
            "Baichuan2-7B is, and models trained from it");
    }
}

/// <summary>Keeps q, k and v one under another in one matrix; all three have the same number of heads.</summary>
sealed class BaichuanAttention : AttentionWeights
{
    [ComponentName(Name = "W_pack")] readonly Linear _qkv;
    [ComponentName(Name = "o_proj")] readonly Linear _o;

    public BaichuanAttention(AttentionShape shape, Placement placement) : base(nameof(BaichuanAttention))
    {
        _qkv = new(shape.HiddenSize, 3 * shape.Heads * shape.HeadDim, shape.QkvBias, placement);
        _o = new(shape.Heads * shape.HeadDim, shape.HiddenSize, shape.OutputBias, placement);
        RegisterComponents();
        (Qkv, Output) = (new(_qkv), new(_o));
    }

    public override LinearGroup Qkv { get; }
    public override LinearGroup Output { get; }
}
