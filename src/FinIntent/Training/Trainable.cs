using TorchSharp.Modules;

namespace FinIntent.Training;

/// <summary>Says what of a model is trained and how it is written; the trainer knows no method beyond this.</summary>
/// <param name="SaveWeights">Writes the trained weights into a folder, in the form that other programs read.</param>
sealed record Trainable(IReadOnlyList<(string Name, Parameter Value)> Parameters, Action<string> SaveWeights)
{
    /// <summary>Turns dropout on and off.</summary>
    public Action<bool> SetTraining { get; init; } = _ => { };

    /// <summary>Says that only adapters are trained, so the written-out backward is enough.</summary>
    public bool IsBaseFrozen { get; init; }

    /// <summary>Says how many times faster the B of LoRA adapters learns than the A (LoRA+); null means alike.</summary>
    public double? LoraPlusRatio { get; init; }

    public long Count => Parameters.Sum(p => p.Value.numel());
}
