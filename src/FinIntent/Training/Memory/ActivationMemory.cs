using FinIntent.Models;

namespace FinIntent.Training.Memory;

/// <summary>Says what a forward reads.</summary>
/// <param name="RowLength">A row's length, on average over the tokens; it matters where attention keeps scores.</param>
/// <param name="Labels">The number of places whose logits are made.</param>
readonly record struct ForwardSize(int Tokens, double RowLength, int Labels);

/// <summary>Counts the bytes that a forward and its backward hold beside weights, gradients and moments, at their fullest.</summary>
sealed class ActivationMemory
{
    // A weight kept in few bits is written out a stretch at a time (Models/Packed).
    const long MostNumbersWritten = 36 << 20;

    readonly CausalLanguageModel _model;
    readonly bool _isBaseFrozen;
    readonly int _elementBytes;
    readonly IReadOnlyList<LayerMemory> _layers;
    readonly GraphMemory _graph;

    /// <param name="device">The device on which it will run, wherever the model is now.</param>
    public ActivationMemory(CausalLanguageModel model, Trainable trainable, DeviceType device)
    {
        trainable.SetTraining(true); // dropout counts
        (_model, _isBaseFrozen) = (model, trainable.IsBaseFrozen);
        _elementBytes = ElementBytes(model.ComputeType);
        var isShort = _elementBytes == 2;
        var attention = device == DeviceType.CUDA ? isShort ? AttentionKind.Flash : AttentionKind.Fused : AttentionKind.Products;
        var isOnGpu = device == DeviceType.CUDA;
        _layers = [.. model.Layers.Select(layer => new LayerMemory(layer.Parts, _elementBytes, attention, isFused: isOnGpu))];
        _graph = new(model, trainable, _elementBytes);
    }

    public static int ElementBytes(ScalarType type) => type switch
    {
        ScalarType.Float64 => 8,
        ScalarType.Float32 => 4,
        _ => 2,
    };

    public long Bytes(ForwardSize size, bool recomputes)
    {
        if (!_isBaseFrozen) return _graph.Bytes(size, _layers) + Head(size.Labels);
        var largest = _model.Layers[0].Groups.Max(g => (long)g.Outputs * g.Members[0].Inputs);
        var written = _model.Format is null ? 0 : _elementBytes * Math.Min(MostNumbersWritten, largest);
        return Around(size) + written + (recomputes ? Recomputed(size) : Kept(size));
    }

    /// <summary>Counts a forward that keeps everything. The last layer has what is behind attention for the labels alone.</summary>
    /// <remarks>So the fullest moment is in the layer before it, in the head, or in the last layer's attention.</remarks>
    long Kept(ForwardSize size)
    {
        var (last, before) = (_layers[^1], _layers.Count > 1 ? _layers[^2] : _layers[^1]);
        var all = _layers.Sum(layer => layer.Adapters) + _layers.SkipLast(1).Sum(layer => Whole(layer, size.Tokens, size.RowLength));
        var tip = size.Tokens * last.KeptThroughAttention(size.RowLength) + size.Labels * last.KeptBehind;
        return all + Math.Max(size.Tokens * Math.Max(before.PassingForward, before.PassingBackward(size.RowLength)),
            tip + Math.Max(Head(size.Labels), Tip(last, size)));
    }

    /// <summary>Counts the layers' inputs and one layer as if kept, whose own input is among those; or the last and the head.</summary>
    long Recomputed(ForwardSize size)
    {
        var (last, before) = (_layers[^1], _layers.Count > 1 ? _layers[^2] : _layers[^1]);
        var inputs = _layers.Sum(layer => size.Tokens * layer.Input);
        var one = before.Adapters + Whole(before, size.Tokens, size.RowLength) - (2 * size.Tokens * before.Input)
            + (size.Tokens * Math.Max(before.PassingForward, before.PassingBackward(size.RowLength)));
        var tip = last.Adapters + (size.Tokens * (last.KeptThroughAttention(size.RowLength) - last.Input))
            + (size.Labels * last.KeptBehind);
        return inputs + Math.Max(Math.Max(one, Head(size.Labels)), tip + Tip(last, size));
    }

    static long Whole(LayerMemory layer, int tokens, double rowLength) =>
        tokens * (layer.KeptThroughAttention(rowLength) + layer.KeptBehind);

    /// <summary>Counts the last layer's backward: its MLP for the labels, its attention for all tokens.</summary>
    static long Tip(LayerMemory layer, ForwardSize size) =>
        Math.Max(size.Labels * layer.PassingBackward(size.RowLength), size.Tokens * layer.PassingAttention(size.RowLength));

    /// <summary>Counts a slice's logits, their logarithms and the gradients of both in fp32; under autograd there is one slice.</summary>
    long Head(int labels)
    {
        var vocabulary = _model.Shape.VocabularySize;
        var slice = _isBaseFrozen ? Math.Min(labels, Math.Max(1, CausalLanguageModel.HeadElements / vocabulary)) : labels;
        return slice * vocabulary * (_elementBytes + (3 * sizeof(float))) + (2L * labels * _elementBytes * _model.Shape.HiddenSize);
    }

    /// <summary>Counts token ids, positions, cos and sin.</summary>
    long Around(ForwardSize size) => size.Tokens * (2L * sizeof(long) + (_elementBytes * _model.Shape.HeadDim));
}
