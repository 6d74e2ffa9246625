namespace FinIntent.Training;

/// <summary>Reports one update, or one look at the validation rows.</summary>
/// <param name="Step">The updates made, this one included.</param>
/// <param name="Epoch">The epochs seen.</param>
/// <param name="Elapsed">The time since the run began, resumed parts included.</param>
sealed record StepReport(int Step, int TotalSteps, double Epoch, TimeSpan Elapsed)
{
    /// <summary>The mean over the update's label tokens; null in a report of an evaluation.</summary>
    public double? Loss { get; init; }

    /// <summary>The rate that the update used.</summary>
    public double LearningRate { get; init; }

    /// <summary>The L2 norm over all gradients before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>The mean loss of the updates since the last log line, when one is due.</summary>
    public double? LoggedLoss { get; init; }

    /// <summary>The number of tokens that the update read.</summary>
    public int Tokens { get; init; }

    public double TokensPerSecond { get; init; }

    public EvaluationResult? Evaluation { get; init; }

    public TimeSpan Remaining { get; init; }
}

/// <param name="Loss">The mean over the label tokens of all validation rows.</param>
/// <param name="Accuracy">The share of label tokens that are the most probable one; null when not asked for.</param>
sealed record EvaluationResult(double Loss, double? Accuracy, int Rows, TimeSpan Duration);

/// <param name="IsFinished">False when it was stopped from outside; then a checkpoint was saved.</param>
/// <param name="TrainLoss">The mean over all updates.</param>
sealed record TrainingResult(
    bool IsFinished, int Steps, int TotalSteps, double Epoch, double TrainLoss, TimeSpan Duration, long Rows, long Tokens)
{
    /// <summary>The checkpoint from which a stopped run can go on.</summary>
    public string? Checkpoint { get; init; }

    public EvaluationResult? Evaluation { get; init; }
}
