using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum SaveStrategy { No, Steps, Epoch }

enum LoggingStrategy { No, Steps, Epoch }

enum Report { None, Tensorboard }

/// <summary>What a run writes and when.</summary>
sealed record OutputSettings
{
    public string OutputDir { get; init; } = "trainer_output";

    /// <summary>True: start anew where a run already is; false: go on from its last checkpoint.</summary>
    public bool OverwriteOutputDir { get; init; }

    public LoggingStrategy LoggingStrategy { get; init; } = LoggingStrategy.Steps;

    /// <summary>Updates between log lines; below 1 a share of all updates.</summary>
    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double LoggingSteps { get; init; } = 500;

    public bool LoggingFirstStep { get; init; }
    public SaveStrategy SaveStrategy { get; init; } = SaveStrategy.Steps;

    /// <summary>Updates between checkpoints; below 1 a share of all updates.</summary>
    [Range(0, double.MaxValue, MinimumIsExclusive = true)] public double SaveSteps { get; init; } = 500;

    /// <summary>Checkpoints kept, the newest ones; null: all.</summary>
    [Range(1, int.MaxValue)] public int? SaveTotalLimit { get; init; }

    /// <summary>True: checkpoints lack what resuming needs.</summary>
    public bool SaveOnlyModel { get; init; }

    /// <summary>A checkpoint folder, or true for the last one of output_dir.</summary>
    public string? ResumeFromCheckpoint { get; init; }

    /// <summary>True: training_loss.png and training_eval_loss.png are written.</summary>
    public bool PlotLoss { get; init; }

    public IReadOnlyList<Report> ReportTo { get; init; } = [];
    public string? RunName { get; init; }
    public bool IncludeEffectiveTokensPerSecond { get; init; }
}

/// <summary>Where and how a merged model is written.</summary>
sealed record ExportSettings
{
    public string? ExportDir { get; init; }

    /// <summary>The most gigabytes (10⁹ bytes) that a file of weights may have.</summary>
    [Range(1, int.MaxValue)] public int ExportSize { get; init; } = 5;
}
