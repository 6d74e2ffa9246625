namespace FinIntent.Curation;

/// <summary>Multinomial naive Bayes over runs of 1 to 4 lower-case characters: what the letters alone tell, a second opinion.</summary>
/// <remarks>Counts are smoothed by adding <see cref="Smoothing"/> to each.</remarks>
sealed class CharacterBayes
{
    const int Longest = 4;
    const double Smoothing = 0.1;

    readonly Dictionary<string, double[]> _counts = [];
    readonly double[] _totals, _priors;

    public CharacterBayes(IReadOnlyList<string> texts, IReadOnlyList<int> classes, int classCount)
    {
        (_totals, _priors) = (new double[classCount], new double[classCount]);
        foreach (var (text, label) in texts.Zip(classes))
        {
            _priors[label]++;
            foreach (var run in RunsOf(text))
            {
                if (!_counts.TryGetValue(run, out var counts)) _counts[run] = counts = new double[classCount];
                counts[label]++;
                _totals[label]++;
            }
        }
    }

    /// <summary>Returns each class's probability.</summary>
    public double[] Probabilities(string text)
    {
        var all = _priors.Sum() + _priors.Length;
        var scores = _priors.Select(n => Math.Log((n + 1) / all)).ToArray();
        foreach (var run in RunsOf(text))
        {
            // A run that was never seen says nothing.
            if (!_counts.TryGetValue(run, out var counts)) continue;
            for (var c = 0; c < scores.Length; c++)
                scores[c] += Math.Log((counts[c] + Smoothing) / (_totals[c] + Smoothing * _counts.Count));
        }
        var highest = scores.Max();
        var weights = scores.Select(s => Math.Exp(s - highest)).ToArray();
        var sum = weights.Sum();
        return [.. weights.Select(w => w / sum)];
    }

    static IEnumerable<string> RunsOf(string text)
    {
        text = $" {text.ToLowerInvariant()} ";
        for (var length = 1; length <= Longest; length++)
            for (var start = 0; start + length <= text.Length; start++) yield return text.Substring(start, length);
    }
}
