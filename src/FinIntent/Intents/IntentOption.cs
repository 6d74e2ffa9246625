namespace FinIntent.Intents;

/// <summary>Is a choice of a question: the label that answers it, a letter or the intent's own name, and the intent's name.</summary>
sealed record IntentOption(string Label, string Name);

static class IntentOptions
{
    const int Letters = 26;

    /// <summary>OpenFinData's five intents, in the order and with the letters of every item.</summary>
    public static IReadOnlyList<IntentOption> OpenFinData { get; } = Lettered(["行业板块问询", "个股问询", "大盘问询", "客服问询", "基金问询"]);

    /// <summary>Makes names the options A, B, C …</summary>
    public static IReadOnlyList<IntentOption> Lettered(IReadOnlyList<string> names)
    {
        if (names.Count is < 2 or > Letters)
            throw new UserErrorException($"a question has 2 to {Letters} options with letters (A to Z), not {names.Count}; " +
                "more intents are answered by their names");
        return [.. names.Select((name, i) => new IntentOption(((char)('A' + i)).ToString(), name))];
    }

    /// <summary>Makes options of names that are answered as they are.</summary>
    public static IReadOnlyList<IntentOption> Named(IReadOnlyList<string> names) => names.Count >= 2
        ? [.. names.Select(name => new IntentOption(name, name))]
        : throw new UserErrorException($"a question has 2 options or more, not {names.Count}");

    /// <summary>Says whether every label is a capital letter.</summary>
    public static bool AreLetters(IEnumerable<IntentOption> options) => options.All(o => o.Label is [>= 'A' and <= 'Z']);
}
