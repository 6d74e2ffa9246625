namespace FinIntent.Training.Memory;

/// <summary>What a run would hold, and how long it would take.</summary>
/// <param name="Base">Such as "bfloat16" or "int8".</param>
/// <param name="Parameters">That are trained.</param>
/// <param name="EpochTime">Null: the device's speed is not known.</param>
sealed record TrainingPlan(PlanTarget Target, ModelMemory Model, ForwardChoice Forward, RowLengths Rows, string Base, ScalarType Compute,
    long Parameters, TimeSpan? EpochTime)
{
    public int UpdatesPerEpoch { get; init; }

    public double Epochs { get; init; }

    public long ActivationBytes => Math.Max(Forward.ActivationBytes, Model.Update);

    public long Peak => Target.Context + Model.Total + ActivationBytes;

    public bool Fits => Forward.Fits && Peak + Target.Margin(Target.Context + Model.Total) <= Target.Bytes;
}
