namespace FinIntent.Calibration;

/// <summary>Says what temperature, and perhaps offsets, rows with known answers ask for, and what log-loss they give.</summary>
/// <param name="Before">The mean log-loss of the model's own probabilities.</param>
/// <param name="After">The same with the temperature alone; it is lower or equal unless the bound stands in the way.</param>
/// <param name="WithOffsets">The cross-validated log-losses that decided about offsets; null where no class has rows enough.</param>
sealed record ScalingFit(LogitScaling Scaling, double Before, double After, OffsetTrial? WithOffsets)
{
    /// <summary>The bounds of the temperature: with few rows, all answered rightly, the best one would be 0.</summary>
    public const double LowestTemperature = 0.1, HighestTemperature = 10;

    /// <summary>An offset needs so many rows of its class.</summary>
    public const int OffsetRows = 40;

    const int Folds = 5;

    public bool IsAtBound => Scaling.Temperature is LowestTemperature or HighestTemperature;

    /// <summary>Fits rows whose answers are all known. Offsets stay only where rows that they were not fitted on gain by them.</summary>
    public static ScalingFit Of(IReadOnlyList<CalibrationRow> rows)
    {
        var options = rows[0].Reading.Logits.Length;
        var temperature = new LogitScaling(Temperature(rows));
        int[] free = [.. Enumerable.Range(0, options).Where(k => rows.Count(r => r.Gold == k) >= OffsetRows)];
        var fit = new ScalingFit(temperature, Loss(LogitScaling.None, rows), Loss(temperature, rows), null);
        if (free.Length == 0) return fit;
        var folds = CalibrationFolds.Of([.. rows.Select(r => r.Gold)], Folds);
        double Held(Func<IReadOnlyList<CalibrationRow>, LogitScaling> fitOf) => folds.Sum(fold =>
            Loss(fitOf([.. fold.Fitted.Select(i => rows[i])]), [.. fold.Held.Select(i => rows[i])]) * fold.Held.Count) / rows.Count;
        var trial = new OffsetTrial(
            Held(part => new(Temperature(part))), Held(part => OffsetFit.Of(part, free)), [.. free]);
        fit = fit with { WithOffsets = trial };
        return trial.Helps ? fit with { Scaling = OffsetFit.Of(rows, free) } : fit;
    }

    public static double Loss(LogitScaling scaling, IReadOnlyList<CalibrationRow> rows) =>
        rows.Average(row => scaling.Loss(row.Reading.Logits, row.Gold!.Value));

    /// <summary>Finds the temperature with the least log-loss within the bounds.</summary>
    /// <remarks>In 1 / T the log-loss is convex, so its slope has one zero, which is enclosed until doubles end.</remarks>
    public static double Temperature(IReadOnlyList<CalibrationRow> rows)
    {
        double low = 1 / HighestTemperature, high = 1 / LowestTemperature;
        if (Slope(low) >= 0) return HighestTemperature;
        if (Slope(high) <= 0) return LowestTemperature;
        for (var i = 0; i < 100; i++)
        {
            var middle = (low + high) / 2;
            if (Slope(middle) < 0) low = middle;
            else high = middle;
        }
        return 2 / (low + high);

        double Slope(double inverse)
        {
            var (scaling, sum) = (new LogitScaling(1 / inverse), 0.0);
            foreach (var row in rows)
            {
                var (logits, p) = (row.Reading.Logits, scaling.Probabilities(row.Reading.Logits));
                for (var k = 0; k < p.Length; k++) sum += p[k] * (logits[k] - logits[row.Gold!.Value]);
            }
            return sum;
        }
    }
}

/// <summary>Says whether offsets made rows more probable that neither they nor the temperature were fitted on.</summary>
/// <param name="Temperature">The cross-validated log-loss of a temperature alone.</param>
/// <param name="Offsets">The same with offsets for <paramref name="Classes"/>.</param>
sealed record OffsetTrial(double Temperature, double Offsets, IReadOnlyList<int> Classes)
{
    public bool Helps => Offsets < Temperature;
}
