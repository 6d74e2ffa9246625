using FinIntent.Calibration;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;

namespace FinIntent.Bench;

/// <summary>What one model said of all rows.</summary>
/// <param name="FinEva">Its questions that one of the five intents fits.</param>
/// <param name="FinEvaRest">The others.</param>
sealed record MeasuredReadings(
    IReadOnlyList<CalibrationRow> Validation, IReadOnlyList<CalibrationRow> Evaluation, IReadOnlyList<CalibrationRow> FinEva,
    IReadOnlyList<OptionReading> FinEvaRest)
{
    /// <summary>Our rows out of scope, by their file.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<OptionReading>> OutOfScope { get; init; }

    public int? NoneOption { get; init; }

    /// <summary>Says that near rows are among the validation rows already.</summary>
    public bool IsNoneTrained { get; init; }

    public CalibrationSubject Subject => new("", [], Options, "") { NoneOption = NoneOption };

    IReadOnlyList<IntentOption> Options =>
        IntentOptions.Lettered([.. Enumerable.Range(0, Validation[0].Reading.Logits.Length).Select(i => $"{i}")]);

    /// <summary>Measures a calibration on rows that it was not made from, as reports do.</summary>
    public TrustReport Measure(
        IntentCalibration calibration, IReadOnlyList<CalibrationRow> rows, IReadOnlyList<OptionReading> outOfScope)
    {
        var options = Options;
        return TrustReport.Of([.. rows.Select(row => PredictionOf(row.Reading, row.Gold))],
            [.. outOfScope.Select(reading => PredictionOf(reading, null) with { OutOfScope = true })]);

        Prediction PredictionOf(OptionReading reading, int? gold) => new Prediction
        {
            Id = "",
            Question = "",
            Model = "",
            Gold = gold is { } right ? options[right].Label : null,
            Options = options.ToDictionary(o => o.Label, o => o.Name),
            Probabilities = options.Zip(reading.Probabilities).ToDictionary(p => p.First.Label, p => p.Second),
        }.With(calibration.Apply(reading), options);
    }
}
