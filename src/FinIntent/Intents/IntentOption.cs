namespace FinIntent.Intents;

/// <summary>One choice of a question: the letter that answers it and the intent it stands for.</summary>
public sealed record IntentOption(char Letter, string Name);

public static class IntentSchema
{
    /// <summary>OpenFinData's five intents, in the order and with the letters of every item.</summary>
    public static IReadOnlyList<IntentOption> OpenFinData { get; } = Lettered(["行业板块问询", "个股问询", "大盘问询", "客服问询", "基金问询"]);

    /// <summary>Names as options A, B, C …</summary>
    public static IReadOnlyList<IntentOption> Lettered(IReadOnlyList<string> names)
    {
        if (names.Count is < 2 or > 26) throw new UserErrorException($"a question has 2 to 26 options (A to Z), not {names.Count}");
        return [.. names.Select((name, i) => new IntentOption((char)('A' + i), name))];
    }
}
