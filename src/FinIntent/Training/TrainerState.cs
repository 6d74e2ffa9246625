using System.Text.Json.Serialization;
using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>Holds what a run remembers beside weights and moments; it is written into trainer_state.json.</summary>
sealed record TrainerState
{
    /// <summary>The number of updates made.</summary>
    public int GlobalStep { get; set; }

    public int MaxSteps { get; set; }

    public double Epoch { get; set; }

    public double LossSinceLog { get; set; }

    public int StepsSinceLog { get; set; }

    public double TotalLoss { get; set; }

    public long NumInputTokensSeen { get; set; }

    public long RowsSeen { get; set; }

    public double? BestMetric { get; set; }

    public int? BestGlobalStep { get; set; }

    public int EvaluationsWithoutGain { get; set; }

    /// <summary>This is true where a run was stopped during the evaluation that belongs to this step, which is then made again.</summary>
    public bool IsEvaluationDue { get; set; }

    public double ElapsedSeconds { get; set; }

    /// <summary>This is kept, because another cut into forwards rounds differently.</summary>
    public int MaxTokensPerForward { get; set; }

    /// <summary>This is kept for the same reason.</summary>
    public bool RecomputesLayers { get; set; }

    [JsonIgnore]
    public ForwardPlan Forwards
    {
        get => new(MaxTokensPerForward, RecomputesLayers);
        set => (MaxTokensPerForward, RecomputesLayers) = (value.MaxTokens, value.Recomputes);
    }

    /// <summary>Under fp16 losses are multiplied by this, lest small gradients vanish; it starts as torch.amp.GradScaler's.</summary>
    public double LossScale { get; set; } = 65536;

    /// <summary>The number of updates since the scale was last changed.</summary>
    public int StepsAtLossScale { get; set; }

    public required DataPosition Data { get; init; }

    public List<LogEntry> LogHistory { get; init; } = [];

    public void Count(double loss, int tokens, int rows)
    {
        GlobalStep++;
        StepsSinceLog++;
        LossSinceLog += loss;
        TotalLoss += loss;
        NumInputTokensSeen += tokens;
        RowsSeen += rows;
    }

    /// <summary>Takes note of an evaluation; returns true when it is the best so far.</summary>
    public bool Judge(double metric, bool greaterIsBetter)
    {
        var isBest = BestMetric is not { } best || (greaterIsBetter ? metric > best : metric < best);
        EvaluationsWithoutGain = isBest ? 0 : EvaluationsWithoutGain + 1;
        if (isBest) (BestMetric, BestGlobalStep) = (metric, GlobalStep);
        return isBest;
    }

    /// <summary>Returns the mean loss since the last call.</summary>
    public double TakeLoss()
    {
        var mean = LossSinceLog / StepsSinceLog;
        (LossSinceLog, StepsSinceLog) = (0, 0);
        return mean;
    }
}

/// <summary>Holds what must not change if a step number is to mean the same rows.</summary>
sealed record DataPosition(int Rows, int BatchSize, int Accumulation, long Seed, bool IsShuffled)
{
    public static DataPosition Of(int rows, TrainSettings train) =>
        new(rows, train.PerDeviceTrainBatchSize, train.GradientAccumulationSteps, train.DataSeed ?? train.Seed, !train.DisableShuffling);
}

/// <summary>Is one line of the history, as transformers keeps it.</summary>
sealed record LogEntry(double Epoch, int Step)
{
    public double? Loss { get; init; }
    public double? GradNorm { get; init; }
    public double? LearningRate { get; init; }
    public double? EvalLoss { get; init; }
    public double? EvalAccuracy { get; init; }
    public double? EvalRuntime { get; init; }
}
