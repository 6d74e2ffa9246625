using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models;

/// <summary>Where and in which precision a model's weights are made.</summary>
public readonly record struct Placement(ScalarType Type, Device Device)
{
    public static Placement Cpu(ScalarType type = ScalarType.Float32) => new(type, CPU);
}

/// <summary>What every family shares: the numbers needed outside it.</summary>
/// <param name="VocabularySize">Rows of the embedding; logits have this many columns.</param>
/// <param name="UsableVocabulary">Ids from here on are never sampled (unused rows).</param>
public sealed record ModelShape(int Layers, int HiddenSize, int Heads, int KvHeads, int HeadDim, int VocabularySize, int UsableVocabulary, int MaxPositions);

/// <summary>A decoder. forward(batch) gives the logits [N, V] at the batch's OutputIndex, in the compute precision.</summary>
public abstract class CausalLanguageModel(string name, ModelShape shape, Placement placement) : Module<TokenBatch, Tensor>(name)
{
    public ModelShape Shape { get; } = shape;

    public Placement Placement { get; } = placement;
}
