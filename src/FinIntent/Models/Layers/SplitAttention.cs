using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>How a family's attention is shaped.</summary>
/// <param name="NormEpsilon">RMSNorm on each head of q and k before RoPE with this ε (Qwen3); null: none.</param>
public sealed record AttentionShape(int HiddenSize, int Heads, int KvHeads, int HeadDim, bool QkvBias, bool OutputBias, double? NormEpsilon = null);

/// <summary>Attention with q, k, v and o in linears of their own (Qwen2, Qwen3, Llama).</summary>
public sealed class SplitAttention : Module<Tensor, RotaryEmbedding, TokenBatch, Tensor>
{
    readonly int _layer;
    readonly AttentionShape _shape;
    [ComponentName(Name = "q_proj")] readonly Linear _q;
    [ComponentName(Name = "k_proj")] readonly Linear _k;
    [ComponentName(Name = "v_proj")] readonly Linear _v;
    [ComponentName(Name = "o_proj")] readonly Linear _o;
    [ComponentName(Name = "q_norm")] readonly RmsNorm? _qNorm;
    [ComponentName(Name = "k_norm")] readonly RmsNorm? _kNorm;

    public SplitAttention(int layer, AttentionShape shape, Placement placement) : base(nameof(SplitAttention))
    {
        _layer = layer;
        _shape = shape;
        _q = new(shape.HiddenSize, shape.Heads * shape.HeadDim, shape.QkvBias, placement);
        _k = new(shape.HiddenSize, shape.KvHeads * shape.HeadDim, shape.QkvBias, placement);
        _v = new(shape.HiddenSize, shape.KvHeads * shape.HeadDim, shape.QkvBias, placement);
        _o = new(shape.Heads * shape.HeadDim, shape.HiddenSize, shape.OutputBias, placement);
        if (shape.NormEpsilon is { } epsilon)
        {
            _qNorm = new(shape.HeadDim, epsilon, placement);
            _kNorm = new(shape.HeadDim, epsilon, placement);
        }
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, RotaryEmbedding rotary, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        var q = _q.forward(x).view(-1, _shape.Heads, _shape.HeadDim);       // [T, H,  D]
        var k = _k.forward(x).view(-1, _shape.KvHeads, _shape.HeadDim);     // [T, KV, D]
        var v = _v.forward(x).view(-1, _shape.KvHeads, _shape.HeadDim);     // [T, KV, D]
        if (_qNorm is not null && _kNorm is not null) (q, k) = (_qNorm.forward(q), _kNorm.forward(k));
        var h = Attention.Causal(rotary.Apply(q), rotary.Apply(k), v, batch, _layer);
        return _o.forward(h.flatten(1)).MoveToOuterDisposeScope();
    }
}
