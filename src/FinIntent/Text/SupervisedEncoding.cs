namespace FinIntent.Text;

/// <param name="CutoffLength">The most tokens of a row.</param>
/// <param name="TrainOnPrompt">Makes labels of the questions, too.</param>
/// <param name="MaskHistory">Makes labels only of the last answer; a row that is cut keeps its last turns.</param>
sealed record SupervisedOptions(int CutoffLength = 2048, bool TrainOnPrompt = false, bool MaskHistory = false);

/// <summary>Joins turns to one row of ids and labels, as LLaMA-Factory does (data/processor/supervised.py, ff6d4d1).</summary>
static class SupervisedEncoding
{
    /// <param name="efficientEos">The end token that answers are taught and the next turn does not read; null: there is none.</param>
    public static TokenRow Encode(IReadOnlyList<(int[] Source, int[] Target)> turns, int? efficientEos, SupervisedOptions options)
    {
        // What is kept of each turn, in the order of the turns.
        var kept = new (int Source, int Target)[turns.Count];
        var total = efficientEos is null ? 0 : 1;
        for (var i = 0; i < turns.Count && total < options.CutoffLength; i++)
        {
            // The last turn comes first when only it is a label, so that the oldest turns are cut.
            var turn = options.MaskHistory ? turns.Count - 1 - i : i;
            kept[turn] = Lengths(turns[turn].Source.Length, turns[turn].Target.Length, options.CutoffLength - total);
            total += kept[turn].Source + kept[turn].Target;
        }
        var cut = turns.Sum(t => t.Source.Length + t.Target.Length) - kept.Sum(k => k.Source + k.Target);
        return Join(turns, kept, total, efficientEos, options) with { CutTokens = cut };
    }

    static TokenRow Join(IReadOnlyList<(int[] Source, int[] Target)> turns, (int Source, int Target)[] kept, int total,
        int? efficientEos, SupervisedOptions options)
    {
        int[] ids = new int[total], labels = new int[total];
        var at = 0;
        for (var turn = 0; turn < turns.Count; turn++)
        {
            var isFirstDone = options.MaskHistory ? turn == turns.Count - 1 : turn == 0;
            Add(turns[turn].Source.AsSpan(0, kept[turn].Source), options.TrainOnPrompt);
            // The first token of this question teaches the end of the answer before it.
            if (!options.TrainOnPrompt && efficientEos is { } eos && !isFirstDone && kept[turn].Source > 0)
                labels[at - kept[turn].Source] = eos;
            Add(turns[turn].Target.AsSpan(0, kept[turn].Target), !options.MaskHistory || isFirstDone);
        }
        if (efficientEos is { } end) Add([end], true);
        return new(ids, labels);

        void Add(ReadOnlySpan<int> tokens, bool isLabel)
        {
            tokens.CopyTo(ids.AsSpan(at));
            if (isLabel) tokens.CopyTo(labels.AsSpan(at));
            else labels.AsSpan(at, tokens.Length).Fill(TokenRow.IgnoredLabel);
            at += tokens.Length;
        }
    }

    /// <summary>Shares a budget of tokens between question and answer; both keep their beginnings.</summary>
    static (int Source, int Target) Lengths(int source, int target, int budget)
    {
        var most = 2 * target < budget ? budget
            : 2 * source < budget ? budget - source
            : (int)(budget * ((double)target / (source + target)));
        var kept = Math.Min(most, target);
        return (Math.Min(Math.Max(budget - kept, 0), source), kept);
    }
}
