using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>The settings a run obeys.</summary>
sealed record TrainingOptions
{
    public TrainSettings Train { get; init; } = new();

    public EvaluationSettings Evaluation { get; init; } = new();

    public OutputSettings Output { get; init; } = new();
}

/// <summary>When to log, evaluate and save: at which updates, counted from 1.</summary>
sealed class Occasions(TrainingOptions options, UpdatePlan plan)
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

    /// <summary>The last update is saved too, unless nothing is.</summary>
    public bool Saves(int step) => _output.SaveStrategy switch
    {
        SaveStrategy.Steps => step % plan.Interval(_output.SaveSteps) == 0 || step == plan.TotalSteps,
        SaveStrategy.Epoch => EndsEpoch(step),
        _ => false,
    };

    bool EndsEpoch(int step) => step % plan.UpdatesPerEpoch == 0 || step == plan.TotalSteps;
}
