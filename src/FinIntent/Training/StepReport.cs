namespace FinIntent.Training;

/// <summary>One update, or one look at the validation rows.</summary>
/// <param name="Step">Updates made, this one included.</param>
/// <param name="Epoch">Epochs seen.</param>
/// <param name="Elapsed">Since the run began, resumed parts included.</param>
sealed record StepReport(int Step, int TotalSteps, double Epoch, TimeSpan Elapsed)
{
    /// <summary>Mean over the update's label tokens; null in a report of an evaluation.</summary>
    public double? Loss { get; init; }

    /// <summary>The rate the update used.</summary>
    public double LearningRate { get; init; }

    /// <summary>L2 norm over all gradients before clipping.</summary>
    public double GradientNorm { get; init; }

    /// <summary>Mean loss of the updates since the last log line, when one is due.</summary>
    public double? LoggedLoss { get; init; }

    /// <summary>Tokens the update read.</summary>
    public int Tokens { get; init; }

    public double TokensPerSecond { get; init; }

    public EvaluationResult? Evaluation { get; init; }

    public TimeSpan Remaining { get; init; }
}

/// <param name="Loss">Mean over the label tokens of all validation rows.</param>
/// <param name="Accuracy">Share of label tokens that are the most probable one; null when not asked for.</param>
sealed record EvaluationResult(double Loss, double? Accuracy, int Rows, TimeSpan Duration);

/// <param name="IsFinished">False: stopped from outside, and a checkpoint was saved.</param>
/// <param name="TrainLoss">Mean over all updates.</param>
sealed record TrainingResult(bool IsFinished, int Steps, int TotalSteps, double Epoch, double TrainLoss, TimeSpan Duration, long Rows, long Tokens)
{
    /// <summary>Where a stopped run can be taken up again.</summary>
    public string? Checkpoint { get; init; }

    public EvaluationResult? Evaluation { get; init; }
}
