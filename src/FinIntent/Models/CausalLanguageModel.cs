using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Models;

/// <summary>Where and in which precision a model's weights are made.</summary>
public readonly record struct Placement(ScalarType Type, Device Device)
{
    public static Placement Cpu(ScalarType type = ScalarType.Float32) => new(type, CPU);

    /// <summary>Shapes only: no memory.</summary>
    public static Placement Meta { get; } = new(ScalarType.BFloat16, META);
}

/// <summary>What every family shares: the numbers needed outside it.</summary>
/// <param name="VocabularySize">Rows of the embedding; logits have this many columns.</param>
/// <param name="MaxPositions">The longest row the model was made for.</param>
public sealed record ModelShape(int Layers, int HiddenSize, int Heads, int KvHeads, int HeadDim, int VocabularySize, int MaxPositions)
{
    /// <summary>Ids from here on are unused rows, never sampled.</summary>
    public int UsableVocabulary { get; init; } = VocabularySize;
}

/// <summary>A decoder. forward(batch) gives the logits [N, V] at the batch's OutputIndex, in the compute type.</summary>
public abstract class CausalLanguageModel(string name, ModelShape shape, Placement placement) : Module<TokenBatch, Tensor>(name)
{
    public ModelShape Shape { get; } = shape;

    public Placement Placement { get; } = placement;

    /// <summary>The type activations are computed in; the weights' own unless a trainer keeps fp32 masters under bf16 compute.</summary>
    public ScalarType ComputeType { get; set; } = placement.Type;
}
