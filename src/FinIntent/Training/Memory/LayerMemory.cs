using FinIntent.Models.Layers;

namespace FinIntent.Training.Memory;

/// <summary>How attention keeps what its gradient needs.</summary>
enum AttentionKind
{
    /// <summary>libtorch's ragged kernel: 16 bits on CUDA.</summary>
    Flash,

    /// <summary>libtorch's fused kernel for whole rows, with keys and values copied for each query head.</summary>
    Fused,

    /// <summary>Three products, their softmax kept: short rows on a CPU.</summary>
    Products,
}

/// <summary>
/// Bytes for each token that one layer with frozen weights holds, counted from the code of DecoderLayer and LinearGroup. The letters are
/// docs/notation.md's: what is kept are the tensors of LayerTape, what is passing are those that live at the fullest moment beside them.
/// </summary>
/// <param name="elementBytes">Of the type computed in.</param>
/// <param name="isFused">SiLU·up runs as a kernel of its own, without intermediate tensors.</param>
sealed class LayerMemory(LayerParts parts, int elementBytes, AttentionKind attention, bool isFused)
{
    // As Models/Layers/Attention.cs does.
    const int LongestOfProducts = 1024;


    readonly long _hidden = parts.Qkv.Members[0].Inputs, _qkv = parts.Qkv.Outputs, _heads = parts.Output.Members[0].Inputs,
        _keys = (parts.Qkv.Outputs - parts.Output.Members[0].Inputs) / 2, _inner = parts.Down.Members[0].Inputs;

    /// <summary>What is kept when the layer is computed again.</summary>
    public long Input => elementBytes * _hidden;

    /// <summary>Kept up to attention and with it: all there is of the last layer where nothing is asked of a token.</summary>
    /// <param name="rowLength">Of a row, on average over the tokens.</param>
    public long KeptThroughAttention(double rowLength)
    {
        var headNorms = parts.HeadNorms is null ? 0 : _heads + _keys;
        return elementBytes * (_hidden + _qkv + _heads + headNorms + Low(parts.Qkv) + Noises(parts.Qkv)) + Graph(rowLength);
    }

    /// <summary>Kept behind attention.</summary>
    public long KeptBehind => elementBytes * (_hidden + 2 * _inner + ((LinearGroup[])[parts.Output, parts.GateUp, parts.Down]).Sum(g => Low(g) + Noises(g)));

    /// <summary>What attention's graph keeps beside q, k, v and its output.</summary>
    public long Graph(double rowLength) => At(rowLength) switch
    {
        AttentionKind.Flash => sizeof(float) * parts.Heads,
        AttentionKind.Fused => elementBytes * (3 * _heads) + sizeof(float) * parts.Heads,
        _ => elementBytes * (_heads + 2 * _keys + (long)(parts.Heads * rowLength)),
    };

    AttentionKind At(double rowLength) => attention == AttentionKind.Products && rowLength > LongestOfProducts ? AttentionKind.Fused : attention;

    /// <summary>At the end of a forward: the branch that came in, both norms, the output of attention, SiLU·up and the branch that goes on.</summary>
    public long PassingForward => elementBytes * (Math.Max(5 * _hidden + _inner, 4 * _hidden + (isFused ? 1 : 2) * _inner) + Groups.Max(Noises));

    /// <summary>
    /// In a backward: the gradient that came in and, in the MLP, the gradients of the product, of gate and up, the product made again and
    /// three of the hidden size; or in attention the gradients of its output, of q, k, v, and what the kernel adds up in fp32.
    /// </summary>
    public long PassingBackward(double rowLength) => Math.Max(PassingAttention(rowLength),
        elementBytes * (_hidden + Math.Max(4 * _inner + 3 * _hidden, (isFused ? 4 : 7) * _inner) + Groups.Max(Noises)));

    /// <summary>The part of the backward that every token has, in the last layer too.</summary>
    public long PassingAttention(double rowLength)
    {
        var spread = _heads / _keys > 1 ? 2 * _heads : 0;
        var products = At(rowLength) switch
        {
            AttentionKind.Flash => (sizeof(float) * (_heads + parts.Heads)) + (elementBytes * spread),
            AttentionKind.Fused => elementBytes * (_heads + spread),
            _ => elementBytes * ((2 * _heads) + (2 * (long)(parts.Heads * rowLength))),
        };
        return (elementBytes * ((2 * _hidden) + _heads + _qkv)) + Math.Max(products, elementBytes * (_qkv + (2 * _hidden)));
    }

    /// <summary>The adapters in the type computed in, made anew for each forward; not for each token.</summary>
    public long Adapters => elementBytes * Groups.Sum(group => Low(group) * (group.Members[0].Inputs + group.Outputs));

    /// <summary>What dropout multiplied the inputs of a group's adapters by.</summary>
    static long Noises(LinearGroup group) => (long)group.Members[0].Inputs * group.Members.Count(m => m.Adapter is { Dropout: > 0 });

    LinearGroup[] Groups => [parts.Qkv, parts.Output, parts.GateUp, parts.Down];

    static long Low(LinearGroup group) => group.Members.Sum(m => m.Adapter?.A.shape[0] ?? 0);
}
