using FinIntent.Runtime;

namespace FinIntent.Generation;

/// <summary>Says how the next token is drawn; the defaults are LLaMA-Factory's.</summary>
/// <param name="DoSample">False takes always the most probable token, the lowest id among equals.</param>
/// <param name="TopK">Only so many of the most probable tokens may be drawn; 0 means all.</param>
/// <param name="TopP">Of those, the fewest most probable ones that together reach this share. https://arxiv.org/abs/1904.09751</param>
/// <param name="RepetitionPenalty">Divides positive scores of tokens seen, prompt included, and multiplies negative ones.
/// https://arxiv.org/abs/1909.05858</param>
sealed record SamplingOptions(
    bool DoSample = true, double Temperature = 0.95, int TopK = 50, double TopP = 0.7, double RepetitionPenalty = 1)
{
    public static SamplingOptions Greedy { get; } = new(DoSample: false);
}

/// <summary>Draws one row's tokens. Each row has its own sampler, so its draws do not depend on its neighbours.</summary>
/// <param name="usableVocabulary">Ids from this one on are unused rows of the embedding, and never drawn.</param>
sealed class Sampler(SamplingOptions options, int usableVocabulary, long seed)
{
    SplitMix64 _random = new((ulong)seed);

    /// <summary>Draws the next token's id.</summary>
    /// <param name="logits">The scores of all ids, which are changed in place.</param>
    /// <param name="seen">The ids of the prompt and the answer so far.</param>
    public int Next(Span<float> logits, IReadOnlyCollection<int> seen)
    {
        var usable = logits[..Math.Min(usableVocabulary, logits.Length)];
        if (options.RepetitionPenalty != 1) Penalise(usable, seen);
        var best = Best(usable);
        return options.DoSample ? Draw(usable, usable[best]) : best;
    }

    void Penalise(Span<float> logits, IReadOnlyCollection<int> seen)
    {
        var penalty = (float)options.RepetitionPenalty;
        foreach (var id in seen.Distinct())
            if (id < logits.Length) logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    }

    static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var id = 1; id < logits.Length; id++)
            if (logits[id] > logits[best]) best = id;
        return best;
    }

    int Draw(ReadOnlySpan<float> logits, float highest)
    {
        var candidates = Candidates(logits);
        var weights = new double[candidates.Length];
        var total = 0.0;
        for (var i = 0; i < weights.Length; i++) total += weights[i] = Math.Exp((logits[candidates[i]] - highest) / options.Temperature);

        // The token with which the share reaches TopP is the last one kept.
        var (kept, count) = (0.0, 0);
        while (count < weights.Length && (count == 0 || kept < options.TopP * total)) kept += weights[count++];

        var place = _random.Uniform() * kept;
        for (var i = 0; i < count - 1; i++)
            if ((place -= weights[i]) < 0) return candidates[i];
        return candidates[count - 1];
    }

    /// <summary>Returns the TopK ids, most probable first, the lower id first among equals.</summary>
    int[] Candidates(ReadOnlySpan<float> logits)
    {
        var count = options.TopK == 0 ? logits.Length : Math.Min(options.TopK, logits.Length);
        var heap = new PriorityQueue<int, (float Logit, int Id)>(count + 1);
        for (var id = 0; id < logits.Length; id++)
        {
            if (heap.Count < count) heap.Enqueue(id, (logits[id], -id));
            else if (heap.TryPeek(out _, out var lowest) && logits[id] > lowest.Logit) heap.DequeueEnqueue(id, (logits[id], -id));
        }
        var ids = new int[count];
        for (var i = count - 1; i >= 0; i--) ids[i] = heap.Dequeue();
        return ids;
    }
}
