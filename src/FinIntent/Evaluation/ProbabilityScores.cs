namespace FinIntent.Evaluation;

/// <summary>The items whose highest probability lies in (Low, High]; the first bin holds 0 too.</summary>
/// <param name="Confidence">Mean of those probabilities; NaN without items.</param>
sealed record CalibrationBin(double Low, double High, Proportion Correct, double Confidence);

/// <summary>How good probabilities are, not only the choices made by them. All are NaN without items.</summary>
/// <param name="LogLoss">Mean of −ln p(gold), p kept 2⁻⁵² away from 0 and 1 as scikit-learn does.</param>
/// <param name="Brier">Mean over items of Σ (p − y)² over the classes: 0 to 2. G. W. Brier, 1950.</param>
/// <param name="CalibrationError">
/// Σ over ten equal bins of (the bin's share of items) · |accuracy − mean confidence|. https://arxiv.org/abs/1706.04599
/// </param>
sealed record ProbabilityScores(double LogLoss, double Brier, double CalibrationError, IReadOnlyList<CalibrationBin> Bins)
{
    const int BinCount = 10;
    const double Smallest = 2.220446049250313e-16;

    /// <summary>Each item is its gold class and a probability for every class.</summary>
    public static ProbabilityScores Of(IReadOnlyList<(int Gold, IReadOnlyList<double> Probabilities)> items)
    {
        var bins = Enumerable.Range(0, BinCount).Select(b => BinOf(b, items)).ToList();
        if (items.Count == 0) return new(double.NaN, double.NaN, double.NaN, bins);
        return new(
            items.Average(i => -Math.Log(Math.Clamp(i.Probabilities[i.Gold], Smallest, 1 - Smallest))),
            items.Average(i => i.Probabilities.Select((p, c) => Math.Pow(p - (c == i.Gold ? 1 : 0), 2)).Sum()),
            bins.Where(b => b.Correct.Trials > 0).Sum(b => Math.Abs(b.Correct.Value - b.Confidence) * b.Correct.Trials / items.Count),
            bins);
    }

    /// <summary>The most probable class, the first one among equals.</summary>
    public static int Best(IReadOnlyList<double> probabilities)
    {
        var best = 0;
        for (var c = 1; c < probabilities.Count; c++)
            if (probabilities[c] > probabilities[best]) best = c;
        return best;
    }

    /// <summary>The bin of a probability: (0, 0.1] is bin 0, and 0 is in it, too.</summary>
    internal static int BinOf(double confidence)
    {
        for (var bin = 0; bin < BinCount - 1; bin++)
            if (confidence <= (bin + 1) / (double)BinCount) return bin;
        return BinCount - 1;
    }

    static CalibrationBin BinOf(int bin, IReadOnlyList<(int Gold, IReadOnlyList<double> Probabilities)> items)
    {
        double low = bin / (double)BinCount, high = (bin + 1) / (double)BinCount;
        var inside = items.Select(i => (i.Gold, Choice: Best(i.Probabilities), Confidence: i.Probabilities.Max()))
            .Where(i => (i.Confidence > low || bin == 0) && (i.Confidence <= high || bin == BinCount - 1)).ToList();
        var confidence = inside.Count == 0 ? double.NaN : inside.Average(i => i.Confidence);
        return new(low, high, new(inside.Count(i => i.Gold == i.Choice), inside.Count), confidence);
    }
}
