using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

/// <summary>Ours: what `finintent calibrate` is made from and promises, and which calibration `finintent eval` uses.</summary>
sealed record CalibrationSettings
{
    /// <summary>Validation rows with known answers, read as eval_file is; never rows that a model is judged by.</summary>
    public string? CalibrationFile { get; init; }

    /// <summary>Files of questions that belong to none of the intents: to calibrate on, or in an evaluation to be told from the
    /// others.</summary>
    public IReadOnlyList<string> OutOfScopeFile { get; init; } = [];

    /// <summary>The probability that a prediction set holds the right intent.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)] public double Coverage { get; init; } = 0.95;

    /// <summary>The accuracy that given answers are to have; null: no answer is withheld for it.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)] public double? AbstainAccuracy { get; init; }

    /// <summary>The share of questions that are answered; null: no answer is withheld for it.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)] public double? AbstainCoverage { get; init; }

    /// <summary>The probability that abstain_accuracy holds.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)] public double AbstainConfidence { get; init; } = 0.95;

    /// <summary>The share of questions in scope that are not to be taken for ones out of scope.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true, MaximumIsExclusive = true)] public double InScopeKept { get; init; } = 0.95;

    /// <summary>auto: the one beside the last adapter or, without adapters, the model; none; or the folder of another.</summary>
    public string Calibration { get; init; } = "auto";
}
