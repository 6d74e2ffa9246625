namespace FinIntent.Evaluation;

/// <summary>One letter, or place where labels are names: how often it is chosen, and how often the right answer stands there.</summary>
/// <param name="Chosen">How many of the answers that can be read choose it.</param>
/// <param name="Gold">How many of the same have the right answer there.</param>
/// <param name="Interval95">The interval of Difference: ± 1.96 standard errors; NaN for fewer than two questions.</param>
/// <param name="WhenGold">How many answers are right when the right one stands there; unreadable ones count as wrong.</param>
/// <remarks>Questions are sampled, so the error is that of a ratio of sums (Taylor linearisation); a few dozen are wanted.</remarks>
sealed record PlaceBias(string Label, Proportion Chosen, Proportion Gold, (double Low, double High) Interval95, Proportion WhenGold)
{
    /// <summary>Above 0 the model prefers the letter; it is 0 over rotations or all orders if each intent stays the same.</summary>
    public double Difference => Chosen.Value - Gold.Value;

    /// <summary>How far choices are from where right answers stand, 0 to 1: half the sum of the differences' magnitudes.</summary>
    public static double TotalVariation(IReadOnlyList<PlaceBias> places) => places.Sum(p => Math.Abs(p.Difference)) / 2;

    internal static PlaceBias Of(OrderAnswers answers, int place, string label)
    {
        var (chosen, gold, readable) = (new int[answers.Questions], new int[answers.Questions], new int[answers.Questions]);
        var (right, trials) = (0, 0);
        for (var q = 0; q < answers.Questions; q++)
        {
            for (var order = 0; order < answers.Orders; order++)
            {
                var isGold = answers.Place(order, answers.Gold(q)) == place;
                if (isGold) trials++;
                if (isGold && answers.IsRight(q, order)) right++;
                if (answers.Chosen(q, order) is not { } option) continue;
                readable[q]++;
                if (isGold) gold[q]++;
                if (answers.Place(order, option) == place) chosen[q]++;
            }
        }
        var all = readable.Sum();
        return new(label, new(chosen.Sum(), all), new(gold.Sum(), all), Interval(chosen, gold, readable), new(right, trials));
    }

    static (double, double) Interval(int[] chosen, int[] gold, int[] readable)
    {
        double n = readable.Length, all = readable.Sum(), difference = (chosen.Sum() - gold.Sum()) / all;
        if (n < 2) return (double.NaN, double.NaN);
        var residuals = Enumerable.Range(0, readable.Length).Sum(q => Math.Pow(chosen[q] - gold[q] - difference * readable[q], 2));
        var half = Proportion.Z * Math.Sqrt(n / (n - 1) * residuals) / all;
        return (difference - half, difference + half);
    }
}
