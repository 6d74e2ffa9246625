using FinIntent.Models;
using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>Holds the settings that a run obeys.</summary>
sealed record TrainingOptions
{
    public TrainSettings Train { get; init; } = new();

    public EvaluationSettings Evaluation { get; init; } = new();

    public OutputSettings Output { get; init; } = new();

    public MemoryOptions Memory { get; init; } = new();
}

/// <summary>Says what a run does about memory.</summary>
sealed record MemoryOptions
{
    /// <summary>The way a run from the beginning starts; null lets the model's size and the free memory decide.</summary>
    public ForwardPlan? First { get; init; }

    /// <summary>Says that layers may be computed again to save memory (gradient checkpointing).</summary>
    public bool MayRecompute { get; init; } = true;

    /// <summary>This is told of each change.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>Says what to change when not even a row of that many tokens fits.</summary>
    public Func<int, string> Remedy { get; init; } = _ => "shorten the rows with cutoff_len";

    /// <summary>This is called with each batch before it goes through the model.</summary>
    public Action<TokenBatch>? Before { get; init; }
}

/// <summary>Says at which updates, counted from 1, to log, evaluate and save.</summary>
sealed class Cadence(TrainingOptions options, UpdatePlan plan)
{
    readonly OutputSettings _output = options.Output;
    readonly EvaluationSettings _evaluation = options.Evaluation;

    public bool Logs(int step) => (step == 1 && _output.LoggingFirstStep) || _output.LoggingStrategy switch
    {
        LoggingStrategy.Steps => step % plan.Interval(_output.LoggingSteps) == 0,
        LoggingStrategy.Epoch => EndsEpoch(step),
        _ => false,
    };

    public bool Evaluates(int step) => _evaluation.EvalStrategy switch
    {
        EvaluationStrategy.Steps => step % plan.Interval(_evaluation.EvalSteps ?? _output.LoggingSteps) == 0,
        EvaluationStrategy.Epoch => EndsEpoch(step),
        _ => false,
    };

    /// <summary>Says whether to save; the last update is saved, too, unless nothing is.</summary>
    public bool Saves(int step) => _output.SaveStrategy switch
    {
        SaveStrategy.Steps => step % plan.Interval(_output.SaveSteps) == 0 || step == plan.TotalSteps,
        SaveStrategy.Epoch => EndsEpoch(step),
        _ => false,
    };

    bool EndsEpoch(int step) => step % plan.UpdatesPerEpoch == 0 || step == plan.TotalSteps;
}
