using FinIntent.Models;
using FinIntent.Models.Layers;

namespace FinIntent.Training.Memory;

/// <summary>Counts what torch's own graph keeps when weights are trained (full, freeze).</summary>
/// <remarks>It is coarser than <see cref="LayerMemory"/>, since operators themselves decide what they save.</remarks>
sealed partial class GraphMemory
{
    readonly CausalLanguageModel _model;
    readonly int _elementBytes, _firstLayer;
    readonly long _cast, _largest;

    public GraphMemory(CausalLanguageModel model, Trainable trainable, int elementBytes)
    {
        (_model, _elementBytes) = (model, elementBytes);
        var trained = trainable.Parameters.Select(p => p.Value).ToList();
        // Layers before the first trained weight build no graph.
        _firstLayer = trainable.IsBaseFrozen ? 0 : FirstLayer(model, trainable);
        // A weight in fp32 under 16-bit compute is cast for its product; the graph keeps the cast, and its gradient comes in both types.
        _cast = trained.Where(p => p.dim() == 2 && p.element_size() > elementBytes).Sum(p => p.numel() * elementBytes);
        long BothBytes(long size) => elementBytes + (size > elementBytes ? size : 0);
        _largest = trained.Count == 0 ? 0 : trained.Max(p => p.numel() * BothBytes(p.element_size()));
        // A table that is the head, too, has two gradients, which are added up when both are there.
        var tables = trained.Where(p => p.dim() == 2 && p.shape[0] == model.Shape.VocabularySize).ToList();
        if (tables.Count == 1 && _firstLayer == 0) _largest += 2 * tables[0].numel() * tables[0].element_size();
    }

    /// <summary>Returns the bytes without the head's.</summary>
    public long Bytes(ForwardSize size, IReadOnlyList<LayerMemory> layers)
    {
        var graph = _model.Layers.Skip(_firstLayer).Sum(layer =>
            size.Tokens * (Kept(layer.Parts) + layers[layer.Parts.Layer].Graph(size.RowLength)));
        return graph + (size.Tokens * layers[0].PassingBackward(size.RowLength)) + _cast + _largest;
    }

    /// <summary>Counts what torch keeps of a layer for each token.</summary>
    /// <remarks>For each norm: its input in fp32 and the normed numbers before and behind the weight. Then q, k, v; q and k again as
    /// they are rotated; attention's output; gate, up, SiLU of gate and the product.</remarks>
    long Kept(LayerParts parts)
    {
        long hidden = parts.Qkv.Members[0].Inputs, qkv = parts.Qkv.Outputs;
        long heads = parts.Output.Members[0].Inputs, inner = parts.Down.Members[0].Inputs;
        return (2 * hidden * (sizeof(float) + (2 * _elementBytes))) + (_elementBytes * (qkv + ((qkv + heads) / 2) + heads + (4 * inner)));
    }

    static int FirstLayer(CausalLanguageModel model, Trainable trainable)
    {
        var names = trainable.Parameters.Select(p => p.Name).ToList();
        if (names.Any(name => name.Contains("embed", StringComparison.Ordinal))) return 0;
        return names.Select(name => LayerNumber().Match(name)).Where(m => m.Success)
            .Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)).DefaultIfEmpty(model.Layers.Count).Min();
    }

    [GeneratedRegex(@"\.(\d+)\.")]
    private static partial Regex LayerNumber();
}
