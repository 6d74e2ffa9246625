using FinIntent.Kernels;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Looks up the rows [T, C] of the table for token ids [T].</summary>
sealed class TokenEmbedding : Module<Tensor, Tensor>
{
    readonly int? _padding;
    [ComponentName(Name = "weight")] readonly Parameter _weight;

    /// <param name="padding">A token whose row is never trained, as with padding_idx of torch.nn.Embedding.</param>
    public TokenEmbedding(int vocabulary, int hiddenSize, Placement placement, int? padding = null) : base(nameof(TokenEmbedding))
    {
        _padding = padding;
        _weight = Parameters.Empty(placement, vocabulary, hiddenSize);
        RegisterComponents();
    }

    /// <summary>The table, [V, C].</summary>
    public Parameter Table => _weight;

    public override Tensor forward(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var rows = _weight.index_select(0, tokens);
        if (_padding is { } padding && _weight.requires_grad) rows = where(tokens.eq(padding).unsqueeze(1), rows.detach(), rows);
        return rows.MoveToOuterDisposeScope();
    }
}

/// <summary>Holds the weights of one pre-norm layer: x += attention(norm(x)); x += mlp(norm(x)).</summary>
sealed class DecoderBlock : Module
{
    [ComponentName(Name = "input_layernorm")] readonly RmsNorm _attentionNorm;
    [ComponentName(Name = "self_attn")] readonly AttentionWeights _attention;
    [ComponentName(Name = "post_attention_layernorm")] readonly RmsNorm _mlpNorm;
    [ComponentName(Name = "mlp")] readonly GatedMlp _mlp;

    public DecoderBlock(int layer, DecoderShape shape, Placement placement) : base(nameof(DecoderBlock))
    {
        var attention = shape.Attention;
        _attentionNorm = new(attention.HiddenSize, shape.NormEpsilon, placement, shape.NormOrder);
        _attention = shape.CreateAttention(attention, placement);
        _mlpNorm = new(attention.HiddenSize, shape.NormEpsilon, placement, shape.NormOrder);
        _mlp = new(attention.HiddenSize, shape.InnerSize, shape.MlpBias, placement);
        RegisterComponents();
        Layer = new(new(layer, attention.Heads, attention.KvHeads, _attentionNorm, _attention.Qkv, _attention.Output,
            _mlpNorm, _mlp.GateUp, _mlp.Down)
        { HeadNorms = _attention.HeadNorms });
    }

    public DecoderLayer Layer { get; }
}

/// <summary>Says what the decoder of the Llama line is made of.</summary>
sealed record DecoderShape(
    int Vocabulary, int Layers, int InnerSize, double NormEpsilon, double RopeTheta, bool MlpBias, AttentionShape Attention)
{
    /// <summary>Makes a layer's attention, when it is not <see cref="SplitAttention"/>.</summary>
    public Func<AttentionShape, Placement, AttentionWeights> CreateAttention { get; init; } =
        (shape, placement) => new SplitAttention(shape, placement);

    public RmsNormOrder NormOrder { get; init; }

    /// <summary>Rotates q and k in fp32 whatever the compute type is.</summary>
    public bool RotaryInFloat32 { get; init; }

    /// <summary>A token whose embedding is never trained.</summary>
    public int? Padding { get; init; }
}

/// <summary>Holds embedding, layers and final norm, under the Llama line's names.</summary>
sealed class Decoder : Module
{
    [ComponentName(Name = "embed_tokens")] readonly TokenEmbedding _embedding;
    [ComponentName(Name = "layers")] readonly ModuleList<DecoderBlock> _layers = [];
    [ComponentName(Name = "norm")] readonly RmsNorm _norm;

    public Decoder(DecoderShape shape, Placement placement) : base(nameof(Decoder))
    {
        _embedding = new(shape.Vocabulary, shape.Attention.HiddenSize, placement, shape.Padding);
        for (var i = 0; i < shape.Layers; i++) _layers.Add(new(i, shape, placement));
        _norm = new(shape.Attention.HiddenSize, shape.NormEpsilon, placement, shape.NormOrder);
        RegisterComponents();
    }

    public TokenEmbedding Embedding => _embedding;
    public RmsNorm Norm => _norm;
    public IEnumerable<DecoderLayer> Layers => _layers.Select(block => block.Layer);
}

/// <summary>Is a decoder with its head, which may be the embedding table itself.</summary>
abstract class DecoderLanguageModel : CausalLanguageModel
{
    [ComponentName(Name = "model")] readonly Decoder _model;
    [ComponentName(Name = "lm_head")] readonly Module<Tensor, Tensor>? _head;

    protected DecoderLanguageModel(string name, DecoderShape decoder, int maxPositions, bool isTied, Placement placement)
        : this(name, decoder, maxPositions,
            isTied ? null : new Linear(decoder.Attention.HiddenSize, decoder.Vocabulary, false, placement.OutsideLayers), placement)
    {
    }

    /// <param name="head">Makes logits of hidden states; null means the embedding table.</param>
    protected DecoderLanguageModel(string name, DecoderShape decoder, int maxPositions, Module<Tensor, Tensor>? head, Placement placement)
        : base(name, ShapeOf(decoder, maxPositions), placement)
    {
        Rotary = new(decoder.Attention.HeadDim, decoder.RopeTheta) { IsFloat32 = decoder.RotaryInFloat32 };
        _model = new(decoder, placement);
        _head = head;
        RegisterComponents();
        Layers = [.. _model.Layers];
    }

    static ModelShape ShapeOf(DecoderShape d, int maxPositions) => new(d.Layers, d.Attention.HiddenSize, d.Attention.Heads,
        d.Attention.KvHeads, d.Attention.HeadDim, d.Vocabulary, maxPositions);

    public override IReadOnlyList<DecoderLayer> Layers { get; }
    protected override Tensor Embed(Tensor tokens) => _model.Embedding.forward(tokens);
    internal override RotaryTable Rotary { get; }
    protected override RmsNorm FinalNorm => _model.Norm;

    protected override Tensor Logits(Tensor normed, Tensor? ids) => _head switch
    {
        null => Linear.Scores(normed, _model.Embedding.Table, ids),
        Linear head => head.Scores(normed, ids),
        NormalizedHead head => head.Scores(normed, ids),
        _ => throw new InvalidOperationException($"{_head.GetName()} is no head"),
    };
}
