namespace FinIntent.Intents;

/// <summary>Finds the label sets that training rows teach: prompts that list the same options in the same words.</summary>
static class LabelSetFinder
{
    /// <summary>A set is worth keeping from this share of the rows on; rows that teach many topics in turn have no label set.</summary>
    const double LeastShare = 0.05;

    const int FewestRows = 2, FewestForUnmarked = 8, MostSets = 8;

    /// <summary>Returns the sets of a data set's rows, the most frequent first.</summary>
    /// <param name="name">The data set's name; a second set gets a number behind it.</param>
    /// <param name="rows">The system text and the prompt of each row.</param>
    public static IReadOnlyList<LabelSet> Find(string name, IReadOnlyList<(string? System, string Prompt)> rows)
    {
        var groups =
            from row in rows
            let prompt = IntentPrompt.Parse(row.Prompt)
            where prompt is not null && prompt.Options.DistinctBy(o => o.Name).Count() == prompt.Options.Count
            group (row.System, Prompt: prompt) by $"{row.System}\0{prompt.Tail}\0{string.Join('\0', prompt.Options)}" into alike
            where alike.Count() >= Math.Max(FewestRows, LeastShare * rows.Count)
            orderby alike.Count() descending
            select alike.ToList();
        List<LabelSet> sets = [];
        foreach (var group in groups.Take(MostSets))
            if (WordingOf([.. group.Select(row => row.Prompt)]) is { } wording)
                sets.Add(new(sets.Count == 0 ? name : $"{name}_{sets.Count + 1}", wording, group[0].Prompt.Options)
                {
                    System = group[0].System is { Length: > 0 } system ? system : null,
                });
        return sets;
    }

    /// <summary>Finds what stands around the question in prompts with the same options; null where they do not agree.</summary>
    static PromptWording? WordingOf(IReadOnlyList<IntentPrompt> prompts)
    {
        string[] heads = [.. prompts.Select(p => p.Head)];
        var first = heads[0];
        var marked = first.LastIndexOf(prompts[0].Question, StringComparison.Ordinal);
        var isMarked = prompts[0].Question.Length > 0 && prompts[0].Question.Length < first.Trim().Length;
        var (before, middle) = isMarked ? (first[..marked], first[(marked + prompts[0].Question.Length)..])
            : heads.Length >= FewestForUnmarked ? Around(heads) : ("", "");
        if (before.Length + middle.Length == 0 || heads.Count(IsWorded) < 0.95 * heads.Length) return null;
        var wording = new PromptWording($"{before}{{question}}{middle}{{options}}{prompts[0].Tail}", PromptWording.Chinese.Between);
        // Options written in another form ("A、name") cannot be asked for in the same words.
        var (same, question) = (prompts[0], first[before.Length..^middle.Length]);
        return IntentPrompt.For(question, same.Options, wording).Text == same.Text ? wording : null;

        bool IsWorded(string head) => head.Length > before.Length + middle.Length
            && head.StartsWith(before, StringComparison.Ordinal) && head.EndsWith(middle, StringComparison.Ordinal);
    }

    /// <summary>Returns what all heads begin and end with, cut back to a line break or a colon: questions, too, may begin alike.</summary>
    static (string Before, string Middle) Around(string[] heads)
    {
        var first = heads[0];
        var start = heads.Min(head => head.AsSpan().CommonPrefixLength(first));
        var end = heads.Min(head => Enumerable.Range(0, Math.Min(head.Length, first.Length))
            .TakeWhile(i => head[^(i + 1)] == first[^(i + 1)]).Count());
        var mark = first.AsSpan(0, start).LastIndexOfAny('\n', ':', '：') + 1;
        while (mark < start && first[mark] is ' ') mark++;
        var line = first.IndexOf('\n', Math.Max(mark, first.Length - end));
        return (first[..mark], line < 0 ? "" : first[line..]);
    }
}
