using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Runtime;
using static System.FormattableString;

namespace FinIntent.Bench;

/// <summary>Calibrates on a random half of Fin-Eva and measures on the other, over seeded splits that choose nothing else.</summary>
static class SplitStudy
{
    const int Splits = 100;
    const double Asked = 0.95;

    sealed record Split(TrustReport Trust, OutOfScopeKind Kind, double? AnsweredAccuracy, double? Answered);

    public static void Print(TextWriter console, MeasuredReadings measured)
    {
        List<Split> splits = [.. Enumerable.Range(1, Splits).Select(seed => Of(measured, seed))];
        var tested = measured.FinEva.Count - measured.FinEva.Count / 2;
        var (low, high) = Band(tested, Asked);
        console.WriteLine($"\n## Fin-Eva, calibrated on a random half, measured on the other; {Splits} splits (mean ± sd, lowest–highest)");
        Row("coverage of the sets", s => s.Trust.Sets!.Holding.Value);
        console.WriteLine(Invariant($"  asked {Asked}, binomial 95 % band for {tested} rows {low:0.0000}–{high:0.0000}; ") +
            $"within it {splits.Count(s => IsWithin(s.Trust.Sets!.Holding.Value))} splits");
        Row("mean set size", s => s.Trust.Sets!.MeanSize);
        Row("accuracy", s => s.Trust.Curve.AccuracyAt(1));
        Row("ECE, own", s => s.Trust.Own.Scores.CalibrationError);
        Row("ECE, own, minus its value if true", s => s.Trust.Own.Scores.CalibrationError - s.Trust.Own.ExpectedError);
        Row("ECE, calibrated", s => s.Trust.Calibrated!.Scores.CalibrationError);
        Row("ECE, calibrated, minus its value if true",
            s => s.Trust.Calibrated!.Scores.CalibrationError - s.Trust.Calibrated.ExpectedError);
        Row("log-loss, own", s => s.Trust.Own.Scores.LogLoss);
        Row("log-loss, calibrated", s => s.Trust.Calibrated!.Scores.LogLoss);
        Row("AURC", s => s.Trust.Curve.Area);
        Row("accuracy at 80 % coverage", s => s.Trust.Curve.AccuracyAt(0.8));
        Row("accuracy at 90 % coverage", s => s.Trust.Curve.AccuracyAt(0.9));
        Row("coverage at 95 % accuracy", s => s.Trust.Curve.CoverageAt(0.95));
        Row("coverage at 98 % accuracy", s => s.Trust.Curve.CoverageAt(0.98));
        Row("AUROC, Fin-Eva's rest", s => s.Trust.OutOfScope!.Separation.AreaUnderCurve);
        Row("FPR at 95 % TPR, Fin-Eva's rest", s => s.Trust.OutOfScope!.Separation.FalseShare);
        Row("in scope and let through", s => s.Trust.OutOfScope!.Passing!.Value.Value);
        console.WriteLine("  chosen: " + string.Join(", ", splits.CountBy(s => s.Kind).Select(k => $"{k.Key} {k.Value}")));
        var promised = splits.Where(s => s.Answered is not null).ToList();
        console.WriteLine(Invariant($"abstain_accuracy 0.95: shown in {promised.Count} splits") + (promised.Count == 0 ? "" : Invariant(
            $"; answered {promised.Average(s => s.Answered):p1}, of these right {promised.Average(s => s.AnsweredAccuracy):p1}")));

        bool IsWithin(double share) => share >= low - 1e-12 && share <= high + 1e-12;

        void Row(string name, Func<Split, double> valueOf)
        {
            var values = splits.Select(valueOf).ToList();
            var mean = values.Average();
            var deviation = Math.Sqrt(values.Sum(v => (v - mean) * (v - mean)) / (values.Count - 1));
            console.WriteLine(Invariant($"{name,-42} {mean:0.0000} ± {deviation:0.0000}  {values.Min():0.0000}–{values.Max():0.0000}"));
        }
    }

    static Split Of(MeasuredReadings measured, int seed)
    {
        var random = new SplitMix64((ulong)seed);
        var (fit, test) = Halves(measured.FinEva, ref random);
        var (fitOut, testOut) = Halves(measured.FinEvaRest, ref random);
        var calibration = IntentCalibration.Of(measured.Subject, fit, fitOut, new() { Coverage = Asked });
        var (accuracy, answered) = Promise(calibration, fit, test);
        return new(measured.Measure(calibration, test, testOut), calibration.OutOfScope!.Score.Kind, accuracy, answered);
    }

    static (double? Accuracy, double? Answered) Promise(
        IntentCalibration calibration, IReadOnlyList<CalibrationRow> fit, IReadOnlyList<CalibrationRow> test)
    {
        try
        {
            var threshold = Abstention.ForAccuracy(AnswersOf(fit), Asked, 0.95).Threshold;
            var given = AnswersOf(test).Where(a => a.Probability >= threshold).ToList();
            return (given.Average(a => a.IsRight ? 1 : 0), (double)given.Count / test.Count);
        }
        catch (UserErrorException)
        {
            return (null, null);
        }

        List<(double Probability, bool IsRight)> AnswersOf(IReadOnlyList<CalibrationRow> rows) => [.. rows.Select(row =>
        {
            var p = calibration.Fit.Scaling.Probabilities(row.Reading.Logits);
            return (p.Max(), ProbabilityScores.Best(p) == row.Gold);
        })];
    }

    static (List<T> Fit, List<T> Test) Halves<T>(IReadOnlyList<T> rows, ref SplitMix64 random)
    {
        T[] shuffled = [.. rows];
        for (var i = shuffled.Length - 1; i > 0; i--)
        {
            var j = random.Below(i + 1);
            (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
        }
        return ([.. shuffled[..(rows.Count / 2)]], [.. shuffled[(rows.Count / 2)..]]);
    }

    /// <summary>The central 95 % of the share of successes in n trials.</summary>
    static (double Low, double High) Band(int n, double p)
    {
        // Failures are counted, which are few: their terms begin far from 0.
        var (sum, low, term) = (0.0, -1, Math.Pow(p, n));
        for (var failures = 0; failures <= n; failures++)
        {
            sum += term;
            if (low < 0 && sum > 0.025) low = failures;
            if (sum >= 0.975) return ((double)(n - failures) / n, (double)(n - low) / n);
            term *= (double)(n - failures) / (failures + 1) * ((1 - p) / p);
        }
        return (0, 1);
    }
}
