using TorchSharp.Modules;

namespace FinIntent.Training;

/// <summary>What of a model is trained and how it is written; the trainer knows no method beyond this.</summary>
/// <param name="SaveWeights">Writes the trained weights into a folder, in the form other programs read.</param>
sealed record Trainable(IReadOnlyList<(string Name, Parameter Value)> Parameters, Action<string> SaveWeights)
{
    /// <summary>Turns dropout on and off.</summary>
    public Action<bool> SetTraining { get; init; } = _ => { };

    /// <summary>Only adapters are trained, so the written-out backward is enough.</summary>
    public bool IsBaseFrozen { get; init; }

    /// <summary>How much faster the B of LoRA adapters learn than the A (LoRA+); null: alike.</summary>
    public double? LoraPlusRatio { get; init; }

    public long Count => Parameters.Sum(p => p.Value.numel());
}
