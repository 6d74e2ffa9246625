using System.Globalization;
using System.Text.RegularExpressions;
using FinIntent.Models;
using FinIntent.Models.Layers;

namespace FinIntent.Training.Memory;

/// <summary>
/// What torch's own graph keeps when weights are trained (full, freeze): coarser than <see cref="LayerMemory"/>, since what operators save
/// is theirs to decide.
/// </summary>
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
        // A weight in fp32 under 16-bit compute is cast for its product, and the graph keeps what it was cast to; its gradient comes in both.
        _cast = trained.Where(p => p.dim() == 2 && p.element_size() > elementBytes).Sum(p => p.numel() * elementBytes);
        _largest = trained.Count == 0 ? 0 : trained.Max(p => p.numel() * (elementBytes + (p.element_size() > elementBytes ? p.element_size() : 0)));
        // A table that is the head, too, has two gradients, which are added up when both are there.
        var tables = trained.Where(p => p.dim() == 2 && p.shape[0] == model.Shape.VocabularySize).ToList();
        if (tables.Count == 1 && _firstLayer == 0) _largest += 2 * tables[0].numel() * tables[0].element_size();
    }

    /// <summary>The head aside.</summary>
    public long Bytes(ForwardSize size, IReadOnlyList<LayerMemory> layers)
    {
        var graph = _model.Layers.Skip(_firstLayer).Sum(layer => size.Tokens * Kept(layer.Parts) + (size.Tokens * layers[layer.Parts.Layer].Graph(size.RowLength)));
        return graph + (size.Tokens * layers[0].PassingBackward(size.RowLength)) + _cast + _largest;
    }

    /// <summary>
    /// For each norm its input in fp32, the normed numbers before and behind the weight; q, k, v, twice as q and k are turned; attention's
    /// output; gate, up, SiLU of gate and the product.
    /// </summary>
    long Kept(LayerParts parts)
    {
        long hidden = parts.Qkv.Members[0].Inputs, qkv = parts.Qkv.Outputs, heads = parts.Output.Members[0].Inputs, inner = parts.Down.Members[0].Inputs;
        return (2 * hidden * (sizeof(float) + (2 * _elementBytes))) + (_elementBytes * (qkv + ((qkv + heads) / 2) + heads + (4 * inner)));
    }

    static int FirstLayer(CausalLanguageModel model, Trainable trainable)
    {
        var names = trainable.Parameters.Select(p => p.Name).ToList();
        if (names.Any(name => name.Contains("embed", StringComparison.Ordinal))) return 0;
        return names.Select(name => LayerNumber().Match(name)).Where(m => m.Success).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))
            .DefaultIfEmpty(model.Layers.Count).Min();
    }

    [GeneratedRegex(@"\.(\d+)\.")]
    private static partial Regex LayerNumber();
}
