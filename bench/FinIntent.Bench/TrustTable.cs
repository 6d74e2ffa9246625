using System.Diagnostics;
using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Evaluation;
using FinIntent.Generation;
using static System.FormattableString;

namespace FinIntent.Bench;

/// <summary>Prints how far a calibration can be trusted on rows that it was not made from.</summary>
static class TrustTable
{
    public static void Print(TextWriter console, string title, MeasuredReadings measured, IReadOnlyList<CalibrationRow> validation)
    {
        IReadOnlyList<OptionReading> further = measured.IsNoneTrained ? measured.OutOfScope["far_val"]
            : [.. measured.OutOfScope["near_val"], .. measured.OutOfScope["far_val"]];
        var calibration = IntentCalibration.Of(measured.Subject, validation, further, new());
        var detector = calibration.OutOfScope!;
        console.WriteLine($"\n## {title}");
        console.WriteLine(Invariant($"temperature {calibration.Fit.Scaling.Temperature:0.000}; score {detector.Score.Kind}; ") +
            "cross-validated AUROC " +
            string.Join(", ", detector.Candidates.Select(c => Invariant($"{c.Kind} {c.Separation.AreaUnderCurve:0.000}"))));
        console.WriteLine(Invariant($"applied in {Microseconds(calibration, measured.FinEva):0} µs a question"));
        Print(console, "our evaluation", measured.Measure(calibration, measured.Evaluation, []));
        Print(console, "Fin-Eva", measured.Measure(calibration, measured.FinEva, []));
        PrintScores(console, measured, validation, further);
        PrintWithheld(console, measured, calibration);
    }

    /// <summary>Every score, fitted on all of the calibration's rows.</summary>
    static void PrintScores(TextWriter console, MeasuredReadings measured, IReadOnlyList<CalibrationRow> validation,
        IReadOnlyList<OptionReading> further)
    {
        List<CalibrationRow> inside = [.. validation.Where(r => r.Gold != measured.NoneOption)];
        List<OptionReading> outside = [.. validation.Where(r => r.Gold == measured.NoneOption).Select(r => r.Reading), .. further];
        console.WriteLine("AUROC / FPR at 95 % TPR:");
        foreach (var kind in Enum.GetValues<OutOfScopeKind>())
        {
            if (OutOfScopeScore.Fit(kind, inside, outside, measured.NoneOption) is not { } score) continue;
            var tests = measured.OutOfScope.Where(o => o.Key.Contains("_test", StringComparison.Ordinal))
                .Select(o => Text(o.Key, score, measured.Evaluation, o.Value))
                .Append(Text("Fin-Eva's rest against its five intents", score, measured.FinEva, measured.FinEvaRest));
            console.WriteLine($"  {kind,-14} {string.Join("; ", tests)}");
        }
    }

    static void PrintWithheld(TextWriter console, MeasuredReadings measured, IntentCalibration calibration)
    {
        foreach (var (name, rows) in measured.OutOfScope.Append(new("Fin-Eva's rest", measured.FinEvaRest)))
            if (!name.EndsWith("_val", StringComparison.Ordinal))
                console.WriteLine(Invariant(
                    $"{name}: withheld {rows.Average(r => calibration.Apply(r).IsAbstained ? 1 : 0):p1} of {rows.Count}"));
    }

    static double Microseconds(IntentCalibration calibration, IReadOnlyList<CalibrationRow> rows)
    {
        foreach (var row in rows) calibration.Apply(row.Reading);
        var clock = Stopwatch.StartNew();
        foreach (var row in rows) calibration.Apply(row.Reading);
        return clock.Elapsed.TotalMicroseconds / rows.Count;
    }

    static string Text(string name, OutOfScopeScore score, IReadOnlyList<CalibrationRow> inside, IReadOnlyList<OptionReading> outside)
    {
        var separation = Separation.Of([.. inside.Select(r => score.Of(r.Reading))], [.. outside.Select(score.Of)]);
        return Invariant($"{name} {separation.AreaUnderCurve:0.000} / {separation.FalseShare:p1}");
    }

    static void Print(TextWriter console, string name, TrustReport t)
    {
        var (own, after, curve) = (t.Own, t.Calibrated!, t.Curve);
        console.WriteLine(Invariant($"{name} ({t.Sets!.Holding.Trials}): right {curve.AccuracyAt(1):p1}; ") +
            Invariant($"ECE {own.Scores.CalibrationError:0.0000} (if true {own.ExpectedError:0.0000}) -> ") +
            Invariant($"{after.Scores.CalibrationError:0.0000} (if true {after.ExpectedError:0.0000}); ") +
            Invariant($"log-loss {own.Scores.LogLoss:0.0000} -> {after.Scores.LogLoss:0.0000}; ") +
            Invariant($"sets hold the right one {t.Sets.Holding.Value:p1}, mean size {t.Sets.MeanSize:0.00}; AURC {curve.Area:0.0000}; ") +
            Invariant($"accuracy at 80/90 % {curve.AccuracyAt(0.8):p1}/{curve.AccuracyAt(0.9):p1}; ") +
            Invariant($"coverage at 95/98 % {curve.CoverageAt(0.95):p1}/{curve.CoverageAt(0.98):p1}; ") +
            Invariant($"answered {t.Abstention!.Answered.Value:p1}, of these right {t.Abstention.Right.Value:p1}"));
    }
}
