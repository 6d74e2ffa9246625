using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Token ids [T] → rows of the table [T, C].</summary>
public sealed class TokenEmbedding : Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] readonly Parameter _weight;

    public TokenEmbedding(int vocabulary, int hiddenSize, Placement placement) : base(nameof(TokenEmbedding))
    {
        _weight = Parameters.Empty(placement, vocabulary, hiddenSize);
        RegisterComponents();
    }

    /// <summary>[V, C].</summary>
    public Parameter Table => _weight;

    public override Tensor forward(Tensor tokens) => _weight.index_select(0, tokens);
}

/// <summary>One pre-norm block: x += attention(norm(x)); x += mlp(norm(x)).</summary>
public sealed class DecoderBlock : Module<Tensor, RotaryEmbedding, TokenBatch, Tensor>
{
    [ComponentName(Name = "input_layernorm")] readonly RmsNorm _attentionNorm;
    [ComponentName(Name = "self_attn")] readonly SplitAttention _attention;
    [ComponentName(Name = "post_attention_layernorm")] readonly RmsNorm _mlpNorm;
    [ComponentName(Name = "mlp")] readonly GatedMlp _mlp;

    public DecoderBlock(int layer, DecoderShape shape, Placement placement) : base(nameof(DecoderBlock))
    {
        _attentionNorm = new(shape.Attention.HiddenSize, shape.NormEpsilon, placement);
        _attention = new(layer, shape.Attention, placement);
        _mlpNorm = new(shape.Attention.HiddenSize, shape.NormEpsilon, placement);
        _mlp = new(shape.Attention.HiddenSize, shape.InnerSize, shape.MlpBias, placement);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, RotaryEmbedding rotary, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var h = x + _attention.forward(_attentionNorm.forward(x), rotary, batch);
        return (h + _mlp.forward(_mlpNorm.forward(h))).MoveToOuterDisposeScope();
    }
}

/// <summary>What the decoder of the Llama line is made of.</summary>
public sealed record DecoderShape(int Vocabulary, int Layers, int InnerSize, double NormEpsilon, double RopeTheta, bool MlpBias, AttentionShape Attention);

/// <summary>Embedding, blocks, final norm: tokens of a batch → hidden states at its OutputIndex [N, C].</summary>
public sealed class Decoder : Module<TokenBatch, ScalarType, Tensor>
{
    readonly DecoderShape _shape;
    [ComponentName(Name = "embed_tokens")] readonly TokenEmbedding _embedding;
    [ComponentName(Name = "layers")] readonly ModuleList<DecoderBlock> _layers = [];
    [ComponentName(Name = "norm")] readonly RmsNorm _norm;

    public Decoder(DecoderShape shape, Placement placement) : base(nameof(Decoder))
    {
        _shape = shape;
        _embedding = new(shape.Vocabulary, shape.Attention.HiddenSize, placement);
        for (var i = 0; i < shape.Layers; i++) _layers.Add(new(i, shape, placement));
        _norm = new(shape.Attention.HiddenSize, shape.NormEpsilon, placement);
        RegisterComponents();
    }

    public TokenEmbedding Embedding => _embedding;

    public override Tensor forward(TokenBatch batch, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var rotary = RotaryEmbedding.At(batch.Positions, _shape.Attention.HeadDim, _shape.RopeTheta, type);
        var h = _embedding.forward(batch.Tokens).to(type);          // [T, C]
        foreach (var layer in _layers) h = layer.forward(h, rotary, batch);
        if (batch.OutputIndex is not null) h = h.index_select(0, batch.OutputIndex);   // [N, C]: the head runs only where it is read
        return _norm.forward(h).MoveToOuterDisposeScope();
    }
}

/// <summary>A decoder and its head, which may be the embedding table itself.</summary>
public abstract class DecoderLanguageModel : CausalLanguageModel
{
    [ComponentName(Name = "model")] readonly Decoder _model;
    [ComponentName(Name = "lm_head")] readonly Linear? _head;

    protected DecoderLanguageModel(string name, DecoderShape decoder, int maxPositions, bool isTied, Placement placement)
        : base(name, ShapeOf(decoder, maxPositions), placement)
    {
        _model = new(decoder, placement);
        _head = isTied ? null : new(decoder.Attention.HiddenSize, decoder.Vocabulary, false, placement);
        RegisterComponents();
    }

    static ModelShape ShapeOf(DecoderShape d, int maxPositions) => new(d.Layers, d.Attention.HiddenSize, d.Attention.Heads,
        d.Attention.KvHeads, d.Attention.HeadDim, d.Vocabulary, maxPositions);

    public override Tensor forward(TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var h = _model.forward(batch, ComputeType);                 // [N, C]
        var logits = _head is null ? functional.linear(h, _model.Embedding.Table.to(h.dtype)) : _head.forward(h);
        return logits.MoveToOuterDisposeScope();                    // [N, V]
    }
}
