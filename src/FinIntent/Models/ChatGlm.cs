using FinIntent.Kernels;
using FinIntent.Models.Layers;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;
using Linear = FinIntent.Models.Layers.Linear;

namespace FinIntent.Models;

/// <summary>Holds the fields of config.json that this family reads; a field without a default is required.</summary>
sealed record ChatGlmConfig
{
    public required int PaddedVocabSize { get; init; }
    public required int HiddenSize { get; init; }
    public required int FfnHiddenSize { get; init; }
    public required int NumLayers { get; init; }
    public required int NumAttentionHeads { get; init; }
    public required int KvChannels { get; init; }
    public required int MultiQueryGroupNum { get; init; }
    public required int SeqLength { get; init; }
    public double LayernormEpsilon { get; init; } = 1e-5;
    public bool AddQkvBias { get; init; }
    public bool AddBiasLinear { get; init; }
    public bool MultiQueryAttention { get; init; }
    public bool Rmsnorm { get; init; } = true;
    public bool PostLayerNorm { get; init; } = true;
    public bool ApplyResidualConnectionPostLayernorm { get; init; }
    public bool Fp32ResidualConnection { get; init; }
    public bool OriginalRope { get; init; } = true;
    public double RopeRatio { get; init; } = 1;
    public double HiddenDropout { get; init; }
    public double AttentionDropout { get; init; }
    public int? PreSeqLen { get; init; }
    public int? QuantizationBit { get; init; }
    public bool TieWordEmbeddings { get; init; }
    public int HeadsDim => NumAttentionHeads * KvChannels;
    public int GroupsDim => MultiQueryGroupNum * KvChannels;

    // Only half of a head is rotated.
    public int RotaryDim => KvChannels / 2;
}

/// <summary>Is ChatGLM3, and ChatGLM2, whose layers are the same.</summary>
/// <remarks>https://arxiv.org/abs/2406.12793; modeling_chatglm.py of the ChatGLM3-6B repository.</remarks>
sealed class ChatGlm : CausalLanguageModel
{
    // The tokenizer has 64,789 pieces and 9 special tokens; the table is padded to 65,024 rows.
    const int PaddedVocabulary = 65024, UsedVocabulary = 64798;

    const double Theta = 10_000;

    [ComponentName(Name = "transformer")] readonly ChatGlmTransformer _transformer;

    ChatGlm(ChatGlmConfig config, Placement placement) : base(nameof(ChatGlm), ShapeOf(config), placement)
    {
        Rotary = new(config.RotaryDim, Theta, RotaryPairs.Neighbours);
        _transformer = new(config, placement);
        RegisterComponents();
        Layers = [.. _transformer.Layers];
    }

    public static ChatGlm Create(ModelConfig file, Placement placement)
    {
        var config = ConfigReader.Read<ChatGlmConfig>(file);
        ConfigReader.Require(file, "multi_query_attention", config.MultiQueryAttention, true);
        ConfigReader.Require(file, "add_bias_linear", config.AddBiasLinear, false);
        ConfigReader.Require(file, "rmsnorm", config.Rmsnorm, true);
        ConfigReader.Require(file, "post_layer_norm", config.PostLayerNorm, true);
        ConfigReader.Require(file, "apply_residual_connection_post_layernorm", config.ApplyResidualConnectionPostLayernorm, false);
        ConfigReader.Require(file, "fp32_residual_connection", config.Fp32ResidualConnection, false);
        ConfigReader.Require(file, "original_rope", config.OriginalRope, true);
        ConfigReader.Require(file, "rope_ratio", config.RopeRatio, 1);
        ConfigReader.Require(file, "hidden_dropout", config.HiddenDropout, 0);
        ConfigReader.Require(file, "attention_dropout", config.AttentionDropout, 0);
        ConfigReader.Require(file, "pre_seq_len", config.PreSeqLen ?? 0, 0);
        ConfigReader.Require(file, "quantization_bit", config.QuantizationBit ?? 0, 0);
        ConfigReader.Require(file, "tie_word_embeddings", config.TieWordEmbeddings, false);
        if (config.NumAttentionHeads % config.MultiQueryGroupNum != 0)
            throw new UserErrorException($"{file.File}: multi_query_group_num is {config.MultiQueryGroupNum}, which does not divide " +
                $"num_attention_heads, {config.NumAttentionHeads}");
        if (config.KvChannels % 4 != 0)
            throw new UserErrorException($"{file.File}: kv_channels is {config.KvChannels}; half of a head is rotated in pairs, so 4 " +
                "must divide it");
        return new(config, placement);
    }

    static ModelShape ShapeOf(ChatGlmConfig c) =>
        new(c.NumLayers, c.HiddenSize, c.NumAttentionHeads, c.MultiQueryGroupNum, c.KvChannels, c.PaddedVocabSize, c.SeqLength)
        { UsableVocabulary = c.PaddedVocabSize == PaddedVocabulary ? UsedVocabulary : c.PaddedVocabSize };

    public override IReadOnlyList<DecoderLayer> Layers { get; }

    /// <exception cref="UserErrorException">A row goes past seq_length, where the reference's table of positions ends.</exception>
    protected override void Check(TokenBatch batch)
    {
        for (var b = 0; b < batch.RowCount; b++)
        {
            var length = (batch.Cache?.Length(b) ?? 0) + batch.RowLengths[b];
            if (length > Shape.MaxPositions)
                throw new UserErrorException($"a row has {length} tokens and the model reads {Shape.MaxPositions} at most " +
                    "(seq_length in config.json); shorten it, in training by cutoff_len");
        }
    }

    protected override Tensor Embed(Tensor tokens) => _transformer.Embedding.forward(tokens);

    /// <summary>The reference rounds its table of cos and sin to the model's type.</summary>
    internal override RotaryTable Rotary { get; }
    protected override RmsNorm FinalNorm => _transformer.Norm;
    protected override Tensor Logits(Tensor normed, Tensor? ids) => _transformer.Output.Scores(normed, ids);
}

/// <summary>Holds everything that the checkpoint has under "transformer".</summary>
sealed class ChatGlmTransformer : Module
{
    [ComponentName(Name = "embedding")] readonly ChatGlmEmbedding _embedding;
    [ComponentName(Name = "encoder")] readonly ChatGlmEncoder _encoder;
    [ComponentName(Name = "output_layer")] readonly Linear _output;

    public ChatGlmTransformer(ChatGlmConfig config, Placement placement) : base(nameof(ChatGlmTransformer))
    {
        _embedding = new(config, placement);
        _encoder = new(config, placement);
        _output = new(config.HiddenSize, config.PaddedVocabSize, false, placement.OutsideLayers);
        RegisterComponents();
    }

    public ChatGlmEmbedding Embedding => _embedding;
    public RmsNorm Norm => _encoder.Norm;
    public Linear Output => _output;
    public IEnumerable<DecoderLayer> Layers => _encoder.Layers;
}

sealed class ChatGlmEmbedding : Module<Tensor, Tensor>
{
    [ComponentName(Name = "word_embeddings")] readonly TokenEmbedding _words;

    public ChatGlmEmbedding(ChatGlmConfig config, Placement placement) : base(nameof(ChatGlmEmbedding))
    {
        _words = new(config.PaddedVocabSize, config.HiddenSize, placement);
        RegisterComponents();
    }

    public override Tensor forward(Tensor tokens) => _words.forward(tokens);
}

/// <summary>Holds the layers' weights and the final norm.</summary>
sealed class ChatGlmEncoder : Module
{
    [ComponentName(Name = "layers")] readonly ModuleList<ChatGlmBlock> _layers = [];
    [ComponentName(Name = "final_layernorm")] readonly RmsNorm _norm;

    public ChatGlmEncoder(ChatGlmConfig config, Placement placement) : base(nameof(ChatGlmEncoder))
    {
        for (var i = 0; i < config.NumLayers; i++) _layers.Add(new(i, config, placement));
        _norm = new(config.HiddenSize, config.LayernormEpsilon, placement, RmsNormOrder.ScaleThenCast);
        RegisterComponents();
    }

    public RmsNorm Norm => _norm;
    public IEnumerable<DecoderLayer> Layers => _layers.Select(block => block.Layer);
}

/// <summary>Holds the weights of one pre-norm layer.</summary>
sealed class ChatGlmBlock : Module
{
    [ComponentName(Name = "input_layernorm")] readonly RmsNorm _attentionNorm;
    [ComponentName(Name = "self_attention")] readonly ChatGlmAttention _attention;
    [ComponentName(Name = "post_attention_layernorm")] readonly RmsNorm _mlpNorm;
    [ComponentName(Name = "mlp")] readonly ChatGlmMlp _mlp;

    public ChatGlmBlock(int layer, ChatGlmConfig config, Placement placement) : base(nameof(ChatGlmBlock))
    {
        _attentionNorm = new(config.HiddenSize, config.LayernormEpsilon, placement, RmsNormOrder.ScaleThenCast);
        _attention = new(config, placement);
        _mlpNorm = new(config.HiddenSize, config.LayernormEpsilon, placement, RmsNormOrder.ScaleThenCast);
        _mlp = new(config, placement);
        RegisterComponents();
        Layer = new(new(layer, config.NumAttentionHeads, config.MultiQueryGroupNum, _attentionNorm, _attention.Qkv, _attention.Output,
            _mlpNorm, _mlp.GateUp, _mlp.Down));
    }

    public DecoderLayer Layer { get; }
}

/// <summary>Keeps q and the few heads of k and v one under another in one matrix.</summary>
sealed class ChatGlmAttention : AttentionWeights
{
    [ComponentName(Name = "query_key_value")] readonly Linear _qkv;
    [ComponentName(Name = "dense")] readonly Linear _o;

    public ChatGlmAttention(ChatGlmConfig config, Placement placement) : base(nameof(ChatGlmAttention))
    {
        _qkv = new(config.HiddenSize, config.HeadsDim + 2 * config.GroupsDim, config.AddQkvBias, placement);
        _o = new(config.HeadsDim, config.HiddenSize, false, placement);
        RegisterComponents();
        (Qkv, Output) = (new(_qkv), new(_o));
    }

    public override LinearGroup Qkv { get; }
    public override LinearGroup Output { get; }
}

/// <summary>Holds the weights of down(silu(gate(x)) · up(x)), with gate and up one under another in one matrix.</summary>
sealed class ChatGlmMlp : Module
{
    [ComponentName(Name = "dense_h_to_4h")] readonly Linear _gateUp;
    [ComponentName(Name = "dense_4h_to_h")] readonly Linear _down;

    public ChatGlmMlp(ChatGlmConfig config, Placement placement) : base(nameof(ChatGlmMlp))
    {
        _gateUp = new(config.HiddenSize, 2 * config.FfnHiddenSize, false, placement);
        _down = new(config.FfnHiddenSize, config.HiddenSize, false, placement);
        RegisterComponents();
        (GateUp, Down) = (new(_gateUp), new(_down));
    }

    public LinearGroup GateUp { get; }
    public LinearGroup Down { get; }
}
