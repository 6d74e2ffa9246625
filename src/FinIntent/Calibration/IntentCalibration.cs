using FinIntent.Calibration.OutOfScope;
using FinIntent.Generation;

namespace FinIntent.Calibration;

/// <summary>What a calibration makes of one question.</summary>
/// <param name="Probabilities">The calibrated probability of each option, in the order of the options; they sum to 1.</param>
/// <param name="PredictionSet">The options that may be right, the most probable first; it may be empty.</param>
/// <param name="Reason">Null: the answer is given.</param>
/// <param name="OutOfScopeScore">It is high for questions out of scope; null where nothing was learnt about these.</param>
sealed record CalibratedAnswer(double[] Probabilities, int[] PredictionSet, AbstentionReason? Reason, double? OutOfScopeScore)
{
    public bool IsAbstained => Reason is not null;
}

/// <summary>What was chosen on rows with known answers, so that a model's probabilities can be trusted and it can say "none of
/// these".</summary>
/// <remarks>It is immutable, so any thread may use it. <see cref="CalibrationFile"/> keeps it on disk.</remarks>
/// <param name="Subject">The model and the questions that it is for.</param>
/// <param name="Sets">Makes the prediction sets.</param>
/// <param name="Abstention">Null: no answer is withheld for its low probability.</param>
/// <param name="OutOfScope">Null: there were no rows out of scope, so nothing tells such questions.</param>
sealed record IntentCalibration(
    CalibrationSubject Subject, ScalingFit Fit, PredictionSets Sets, Abstention? Abstention, OutOfScopeDetector? OutOfScope)
{
    /// <summary>What it was made from: files with their digests and counts, when and by which version. For people and for leak
    /// checks.</summary>
    public CalibrationOrigin Origin { get; init; } = CalibrationOrigin.Unknown;

    /// <summary>Turns what one forward said into probabilities, a prediction set, and whether to answer.</summary>
    /// <exception cref="ArgumentException">The reading has another number of options.</exception>
    public CalibratedAnswer Apply(OptionReading reading)
    {
        if (reading.Logits.Length != Subject.Options.Count)
            throw new ArgumentException(
                $"{reading.Logits.Length} options, and the calibration has {Subject.Options.Count}", nameof(reading));
        var probabilities = Fit.Scaling.Probabilities(reading.Logits);
        var score = OutOfScope?.Score.Of(reading);
        AbstentionReason? reason = score is { } s && OutOfScope!.IsOutOfScope(s) ? AbstentionReason.OutOfScope
            : Abstention is { } a && probabilities.Max() < a.Threshold ? AbstentionReason.LowProbability : null;
        return new(probabilities, Sets.Of(reading.Logits, probabilities), reason, score);
    }

    /// <summary>Calibrates on rows whose answers are known and rows that belong to none of the options.</summary>
    /// <param name="rows">Their golds are options; those of the intent that stands for "none of the others" count as out of scope,
    /// too.</param>
    /// <param name="outOfScope">Further rows out of scope; with fewer than <see cref="OutOfScopeDetector.FewestRows"/> in all nothing is
    /// learnt.</param>
    /// <exception cref="UserErrorException">There are too few rows, or they cannot show what was asked for.</exception>
    public static IntentCalibration Of(CalibrationSubject subject, IReadOnlyList<CalibrationRow> rows,
        IReadOnlyList<OptionReading> outOfScope, CalibrationOptions options)
    {
        if (rows.Count < CalibrationOptions.FewestRows)
            throw new UserErrorException($"calibration_file: {rows.Count} rows are too few to calibrate on; " +
                $"give {CalibrationOptions.FewestRows} or more, better 200 to 500");
        var fit = ScalingFit.Of(rows);
        List<(double, bool)> answers = [.. rows.Select(row =>
        {
            var p = fit.Scaling.Probabilities(row.Reading.Logits);
            return (p.Max(), Array.IndexOf(p, p.Max()) == row.Gold);
        })];
        var abstention = options.AbstainAccuracy is { } accuracy
            ? Calibration.Abstention.ForAccuracy(answers, accuracy, options.AbstainConfidence)
            : options.AbstainCoverage is { } share ? Calibration.Abstention.ForCoverage(answers, share) : null;
        List<CalibrationRow> inside = [.. rows.Where(row => row.Gold != subject.NoneOption)];
        List<OptionReading> outside = [.. rows.Where(row => row.Gold == subject.NoneOption).Select(row => row.Reading), .. outOfScope];
        var detector = Math.Min(inside.Count, outside.Count) < OutOfScopeDetector.FewestRows ? null
            : OutOfScopeDetector.Choose(inside, outside, subject.NoneOption, options.InScopeKept);
        return new(subject, fit, PredictionSets.Of(rows, options.Coverage), abstention, detector);
    }
}

/// <summary>Says what a calibration is to promise.</summary>
sealed record CalibrationOptions
{
    public const int FewestRows = 20;

    /// <summary>The probability that a prediction set holds the right option.</summary>
    public double Coverage { get; init; } = 0.95;

    /// <summary>The accuracy of given answers; null: no answer is withheld for it.</summary>
    public double? AbstainAccuracy { get; init; }

    /// <summary>The share of questions that are answered; null: no answer is withheld for it. Only one of both is given.</summary>
    public double? AbstainCoverage { get; init; }

    /// <summary>The probability that the accuracy holds.</summary>
    public double AbstainConfidence { get; init; } = 0.95;

    /// <summary>The share of questions in scope that are not taken for ones out of scope.</summary>
    public double InScopeKept { get; init; } = 0.95;
}
