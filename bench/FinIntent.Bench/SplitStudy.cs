using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Runtime;
using static System.FormattableString;

namespace FinIntent.Bench;

/// <summary>What a calibration comes to on rows that it was not made from.</summary>
sealed record TrustMeasures(double Accuracy, double OwnError, double OwnExpected, double Error, double Expected, double OwnLoss, double Loss,
    double Coverage, double SetSize, double Area, double At80, double At90, double For95, double For98, double Passing)
{
    public static TrustMeasures Of(IntentCalibration calibration, IReadOnlyList<CalibrationRow> rows)
    {
        List<(CalibrationRow Row, CalibratedAnswer Answer)> all = [.. rows.Select(row => (row, calibration.Apply(row.Reading)))];
        var own = ProbabilityScores.Of([.. all.Select(a => (a.Row.Gold!.Value, (IReadOnlyList<double>)a.Row.Reading.Probabilities))]);
        var calibrated = ProbabilityScores.Of([.. all.Select(a => (a.Row.Gold!.Value, (IReadOnlyList<double>)a.Answer.Probabilities))]);
        var curve = RiskCoverage.Of([.. all.Select(a =>
            (a.Answer.Probabilities.Max(), ProbabilityScores.Best(a.Answer.Probabilities) == a.Row.Gold))]);
        return new(curve.AccuracyAt(1), own.CalibrationError, PerfectCalibration.ExpectedError([.. all.Select(a => a.Row.Reading.Probabilities.Max())]),
            calibrated.CalibrationError, PerfectCalibration.ExpectedError([.. all.Select(a => a.Answer.Probabilities.Max())]),
            own.LogLoss, calibrated.LogLoss, all.Average(a => a.Answer.PredictionSet.Contains(a.Row.Gold!.Value) ? 1 : 0),
            all.Average(a => a.Answer.PredictionSet.Length), curve.Area, curve.AccuracyAt(0.8), curve.AccuracyAt(0.9),
            curve.CoverageAt(0.95), curve.CoverageAt(0.98), all.Average(a => a.Answer.Reason == AbstentionReason.OutOfScope ? 0 : 1));
    }
}

/// <summary>Calibrates on a random half of Fin-Eva and measures on the other, over seeded splits that choose nothing else.</summary>
static class SplitStudy
{
    const int Splits = 100;
    const double Asked = 0.95;

    sealed record Split(TrustMeasures Measures, Separation Separation, OutOfScopeKind Kind, double? AnsweredAccuracy, double? Answered);

    public static void Print(TextWriter console, MeasuredReadings measured)
    {
        List<Split> splits = [.. Enumerable.Range(1, Splits).Select(seed => Of(measured, seed))];
        var tested = measured.FinEva.Count - measured.FinEva.Count / 2;
        var (low, high) = Band(tested, Asked);
        console.WriteLine($"\n## Fin-Eva, calibrated on a random half, measured on the other; {Splits} splits (mean ± sd, lowest–highest)");
        Row("coverage of the sets", s => s.Measures.Coverage);
        console.WriteLine(Invariant($"  asked {Asked}, binomial 95 % band for {tested} rows {low:0.0000}–{high:0.0000}; ") +
            $"within it {splits.Count(s => s.Measures.Coverage >= low - 1e-12 && s.Measures.Coverage <= high + 1e-12)} splits");
        Row("mean set size", s => s.Measures.SetSize);
        Row("accuracy", s => s.Measures.Accuracy);
        Row("ECE, own", s => s.Measures.OwnError);
        Row("ECE, own, minus its value if true", s => s.Measures.OwnError - s.Measures.OwnExpected);
        Row("ECE, calibrated", s => s.Measures.Error);
        Row("ECE, calibrated, minus its value if true", s => s.Measures.Error - s.Measures.Expected);
        Row("log-loss, own", s => s.Measures.OwnLoss);
        Row("log-loss, calibrated", s => s.Measures.Loss);
        Row("AURC", s => s.Measures.Area);
        Row("accuracy at 80 % coverage", s => s.Measures.At80);
        Row("accuracy at 90 % coverage", s => s.Measures.At90);
        Row("coverage at 95 % accuracy", s => s.Measures.For95);
        Row("coverage at 98 % accuracy", s => s.Measures.For98);
        Row("AUROC, Fin-Eva's rest", s => s.Separation.AreaUnderCurve);
        Row("FPR at 95 % TPR, Fin-Eva's rest", s => s.Separation.FalseShare);
        Row("in scope and let through", s => s.Measures.Passing);
        console.WriteLine("  chosen: " + string.Join(", ", splits.CountBy(s => s.Kind).Select(k => $"{k.Key} {k.Value}")));
        var promised = splits.Where(s => s.Answered is not null).ToList();
        console.WriteLine(Invariant($"abstain_accuracy 0.95: shown in {promised.Count} splits") + (promised.Count == 0 ? "" : Invariant(
            $"; answered {promised.Average(s => s.Answered!.Value):p1}, of these right {promised.Average(s => s.AnsweredAccuracy!.Value):p1}")));

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
        var score = calibration.OutOfScope!.Score;
        var separation = Separation.Of([.. test.Select(r => score.Of(r.Reading))], [.. testOut.Select(score.Of)]);
        var (accuracy, answered) = Promise(calibration, fit, test);
        return new(TrustMeasures.Of(calibration, test), separation, score.Kind, accuracy, answered);
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
