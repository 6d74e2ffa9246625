namespace FinIntent.Intents;

/// <summary>Puts a question's options in another order, behind the same labels; where names are the labels, it reorders the list.</summary>
/// <param name="Places">At place i stands what stands at Places[i] in the question's own order.</param>
sealed record OptionOrder(IReadOnlyList<int> Places)
{
    public static OptionOrder Own(int options) => new([.. Enumerable.Range(0, options)]);

    // Longer orders are named by their beginning and a number made of the whole.
    const int MostInName = 12, BeginningInName = 5;

    /// <summary>Returns "BCDEA", the own labels of the names in this order; "2-3-1", counted from 1, where labels are names.</summary>
    public string NameFor(IReadOnlyList<IntentOption> options)
    {
        if (IntentOptions.AreLetters(options)) return string.Concat(Places.Select(place => options[place].Label));
        var shown = Places.Count <= MostInName ? Places : Places.Take(BeginningInName);
        return string.Join('-', shown.Select(place => place + 1)) + (Places.Count <= MostInName ? "" : $"-…{Fnv1a:x8}");
    }

    uint Fnv1a => Places.Aggregate(2166136261u, (hash, place) => unchecked((hash ^ (uint)place) * 16777619u));

    /// <summary>Returns the question with its options in this order. Its id tells the order, so that it is unique.</summary>
    public EvaluationQuestion Of(EvaluationQuestion question)
    {
        var prompt = question.Prompt.With([.. Places.Select(place => question.Options[place].Name)]);
        var gold = question.Options.Index().First(o => o.Item.Label == question.Gold).Index;
        return question with
        {
            Id = IdOf(question),
            Options = prompt.Options,
            Gold = prompt.Options[Places.Index().First(p => p.Item == gold).Index].Label,
            Prompt = prompt,
        };
    }

    public string IdOf(EvaluationQuestion question) => $"{question.Id}@{NameFor(question.Options)}";
}
