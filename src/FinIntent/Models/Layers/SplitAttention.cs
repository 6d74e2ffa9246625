using TorchSharp.Utils;
using static TorchSharp.torch.nn;

namespace FinIntent.Models.Layers;

/// <summary>Says how a family's attention is shaped.</summary>
/// <param name="NormEpsilon">The ε of an RMSNorm on each head of q and k before RoPE (Qwen3); null means no norm.</param>
sealed record AttentionShape(
    int HiddenSize, int Heads, int KvHeads, int HeadDim, bool QkvBias, bool OutputBias, double? NormEpsilon = null);

/// <summary>Holds the weights of one layer's attention, under a family's names.</summary>
abstract class AttentionWeights(string name) : Module(name)
{
    public abstract LinearGroup Qkv { get; }
    public abstract LinearGroup Output { get; }

    public virtual (RmsNorm Query, RmsNorm Key)? HeadNorms => null;
}

/// <summary>Keeps q, k, v and o in linears of their own (Qwen2, Qwen3, Llama).</summary>
sealed class SplitAttention : AttentionWeights
{
    [ComponentName(Name = "q_proj")] readonly Linear _q;
    [ComponentName(Name = "k_proj")] readonly Linear _k;
    [ComponentName(Name = "v_proj")] readonly Linear _v;
    [ComponentName(Name = "o_proj")] readonly Linear _o;
    [ComponentName(Name = "q_norm")] readonly RmsNorm? _qNorm;
    [ComponentName(Name = "k_norm")] readonly RmsNorm? _kNorm;

    public SplitAttention(AttentionShape shape, Placement placement) : base(nameof(SplitAttention))
    {
        int queries = shape.Heads * shape.HeadDim, keys = shape.KvHeads * shape.HeadDim;
        var joint = Linear.Joint(shape.HiddenSize, shape.QkvBias, placement, queries, keys, keys);
        (_q, _k, _v) = (joint[0], joint[1], joint[2]);
        _o = new(queries, shape.HiddenSize, shape.OutputBias, placement);
        if (shape.NormEpsilon is { } epsilon)
        {
            _qNorm = new(shape.HeadDim, epsilon, placement);
            _kNorm = new(shape.HeadDim, epsilon, placement);
        }
        RegisterComponents();
        (Qkv, Output) = (new(_q, _k, _v), new(_o));
    }

    public override LinearGroup Qkv { get; }
    public override LinearGroup Output { get; }
    public override (RmsNorm Query, RmsNorm Key)? HeadNorms => _qNorm is not null && _kNorm is not null ? (_qNorm, _kNorm) : null;
}
