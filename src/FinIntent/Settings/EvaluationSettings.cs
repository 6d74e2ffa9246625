using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum EvaluationStrategy { No, Steps, Epoch }

/// <summary>When validation rows are looked at during training, and what follows from it.</summary>
sealed record EvaluationSettings
{
    /// <summary>True: the model is evaluated at the end; eval_strategy implies it.</summary>
    public bool DoEval { get; init; }

    [Range(1, int.MaxValue)] public int PerDeviceEvalBatchSize { get; init; } = 8;
    public EvaluationStrategy EvalStrategy { get; init; } = EvaluationStrategy.No;

    /// <summary>Updates between evaluations; below 1 a share of all updates; null: logging_steps.</summary>
    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double? EvalSteps { get; init; }

    public bool EvalOnStart { get; init; }

    /// <summary>Evaluations without a better result before the run ends.</summary>
    [Range(1, int.MaxValue)] public int? EarlyStoppingSteps { get; init; }

    public bool LoadBestModelAtEnd { get; init; }

    /// <summary>eval_loss or eval_accuracy (the latter needs compute_accuracy); null: eval_loss.</summary>
    public string? MetricForBestModel { get; init; }

    /// <summary>Null: false for losses, true otherwise.</summary>
    public bool? GreaterIsBetter { get; init; }

    /// <summary>True: tells the share of label tokens that are the most probable one, on validation rows.</summary>
    public bool ComputeAccuracy { get; init; }
}
