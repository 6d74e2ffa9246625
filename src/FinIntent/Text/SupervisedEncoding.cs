namespace FinIntent.Text;

/// <summary>Labels has one label a token, −100 where nothing is learnt.</summary>
public sealed record EncodedRow(int[] InputIds, int[] Labels);

/// <param name="CutoffLength">Most tokens of a row.</param>
/// <param name="TrainOnPrompt">The questions are labels too.</param>
/// <param name="MaskHistory">Only the last answer is a label, and of the others the last ones are kept when the row is cut.</param>
public sealed record SupervisedOptions(int CutoffLength = 2048, bool TrainOnPrompt = false, bool MaskHistory = false);

/// <summary>Turns to one row of ids and labels, as LLaMA-Factory does (src/llamafactory/data/processor/supervised.py, ff6d4d1).</summary>
static class SupervisedEncoding
{
    const int Ignored = -100;

    /// <param name="efficientEos">An end token that answers are taught and the next turn does not read; null: the template has its own.</param>
    public static EncodedRow Encode(IReadOnlyList<(int[] Source, int[] Target)> turns, int? efficientEos, SupervisedOptions options)
    {
        List<(int[] Ids, int[] Labels)> parts = [];
        var total = efficientEos is null ? 0 : 1;
        for (var turn = 0; turn < turns.Count && total < options.CutoffLength; turn++)
        {
            // The last turn first when only it is a label: what is cut then is the oldest.
            var (source, target) = turns[options.MaskHistory ? turns.Count - 1 - turn : turn];
            var (sourceLength, targetLength) = Lengths(source.Length, target.Length, options.CutoffLength - total);
            (source, target) = (source[..sourceLength], target[..targetLength]);
            total += sourceLength + targetLength;

            var sourceLabels = options.TrainOnPrompt ? source : Masked(sourceLength);
            // The end of the answer before is taught at the first token of this question.
            if (!options.TrainOnPrompt && efficientEos is { } eos && turn > 0 && sourceLength > 0) sourceLabels[0] = eos;
            parts.Add(([.. source, .. target], [.. sourceLabels, .. options.MaskHistory && turn > 0 ? Masked(targetLength) : target]));
        }
        if (options.MaskHistory) parts.Reverse();
        if (efficientEos is { } end) parts.Add(([end], [end]));
        return new([.. parts.SelectMany(part => part.Ids)], [.. parts.SelectMany(part => part.Labels)]);
    }

    /// <summary>Shares a budget between question and answer; both keep their beginnings.</summary>
    static (int Source, int Target) Lengths(int source, int target, int budget)
    {
        var most = 2 * target < budget ? budget
            : 2 * source < budget ? budget - source
            : (int)(budget * ((double)target / (source + target)));
        var kept = Math.Min(most, target);
        return (Math.Min(Math.Max(budget - kept, 0), source), kept);
    }

    static int[] Masked(int length)
    {
        var labels = new int[length];
        Array.Fill(labels, Ignored);
        return labels;
    }
}
