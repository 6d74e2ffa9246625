using FinIntent.Models.Layers;

namespace FinIntent.Training.Memory;

/// <summary>Says how attention keeps what its gradient needs.</summary>
enum AttentionKind
{
    /// <summary>libtorch's ragged kernel, for 16 bits on CUDA.</summary>
    Flash,

    /// <summary>libtorch's fused kernel for whole rows, with keys and values copied for each query head.</summary>
    Fused,

    /// <summary>Three products whose softmax is kept, for short rows on a CPU.</summary>
    Products,
}

/// <summary>Counts the bytes for each token of one layer with frozen weights, from the code of DecoderLayer and LinearGroup.</summary>
/// <remarks>Kept bytes are the tensors of LayerTape; passing ones live at the fullest moment beside them.</remarks>
/// <param name="elementBytes">The bytes of a number in the compute type.</param>
/// <param name="isFused">Says that SiLU·up runs as a kernel of its own, without intermediate tensors.</param>
sealed class LayerMemory(LayerParts parts, int elementBytes, AttentionKind attention, bool isFused)
{
    // This is as in Models/Layers/Attention.cs.
    const int LongestOfProducts = 1024;

    readonly long _hidden = parts.Qkv.Members[0].Inputs, _qkv = parts.Qkv.Outputs, _heads = parts.Output.Members[0].Inputs,
        _keys = (parts.Qkv.Outputs - parts.Output.Members[0].Inputs) / 2, _inner = parts.Down.Members[0].Inputs;

    /// <summary>The bytes that are kept when the layer is computed again.</summary>
    public long Input => elementBytes * _hidden;

    /// <summary>Returns the bytes kept up to and with attention; the last layer has no others for tokens without labels.</summary>
    /// <param name="rowLength">A row's length, on average over the tokens.</param>
    public long KeptThroughAttention(double rowLength)
    {
        var headNorms = parts.HeadNorms is null ? 0 : _heads + _keys;
        return elementBytes * (_hidden + _qkv + _heads + headNorms + Low(parts.Qkv) + Noises(parts.Qkv)) + Graph(rowLength);
    }

    /// <summary>The bytes that are kept behind attention.</summary>
    public long KeptBehind => elementBytes * (_hidden + 2 * _inner
        + ((LinearGroup[])[parts.Output, parts.GateUp, parts.Down]).Sum(g => Low(g) + Noises(g)));

    /// <summary>Returns what attention's graph keeps beside q, k, v and its output.</summary>
    public long Graph(double rowLength) => At(rowLength) switch
    {
        AttentionKind.Flash => sizeof(float) * parts.Heads,
        AttentionKind.Fused => elementBytes * (3 * _heads) + sizeof(float) * parts.Heads,
        _ => elementBytes * (_heads + 2 * _keys + (long)(parts.Heads * rowLength)),
    };

    AttentionKind At(double rowLength) =>
        attention == AttentionKind.Products && rowLength > LongestOfProducts ? AttentionKind.Fused : attention;

    /// <summary>The bytes at the end of a forward: both branches, both norms, attention's output and SiLU·up.</summary>
    public long PassingForward => elementBytes
        * (Math.Max(5 * _hidden + _inner, 4 * _hidden + (isFused ? 1 : 2) * _inner) + Groups.Max(Noises));

    /// <summary>Returns the bytes in a backward: the gradient that came in, and the fuller of the MLP and attention.</summary>
    /// <remarks>The MLP has the gradients of the product, of gate and up, the product made again and three of the hidden size; attention
    /// has the gradients of its output, of q, k, v, and what the kernel adds up in fp32.</remarks>
    public long PassingBackward(double rowLength) => Math.Max(PassingAttention(rowLength),
        elementBytes * (_hidden + Math.Max(4 * _inner + 3 * _hidden, (isFused ? 4 : 7) * _inner) + Groups.Max(Noises)));

    /// <summary>Returns the part of the backward that every token has, in the last layer, too.</summary>
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

    /// <summary>The bytes of the adapters in the compute type, which each forward makes anew; they are not for each token.</summary>
    public long Adapters => elementBytes * Groups.Sum(group => Low(group) * (group.Members[0].Inputs + group.Outputs));

    /// <summary>Returns how many factors dropout has for the inputs of a group's adapters.</summary>
    static long Noises(LinearGroup group) => (long)group.Members[0].Inputs * group.Members.Count(m => m.Adapter is { Dropout: > 0 });

    LinearGroup[] Groups => [parts.Qkv, parts.Output, parts.GateUp, parts.Down];

    static long Low(LinearGroup group) => group.Members.Sum(m => m.Adapter?.A.shape[0] ?? 0);
}
