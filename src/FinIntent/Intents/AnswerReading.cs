namespace FinIntent.Intents;

/// <summary>Says how a model's text becomes a choice. Reports give all rules side by side; each reads what follows the thoughts.</summary>
enum ReadingRule
{
    /// <summary>The whole answer, trimmed, is one option's label.</summary>
    Strict,
    /// <summary>Anywhere stands exactly one match of (?:选项)?([A-E])[：.]?, with the question's own letters; of names, exactly one.</summary>
    Lenient,
    /// <summary>The last upper-case letter of the answer counts, as OpenCompass reads it; this is for letters only.</summary>
    LastCapital,
    /// <summary>One option is mentioned, and no other: its letter in any form (Ｂ, b, B), or its name.</summary>
    Flexible,
}

static class AnswerReading
{
    public static IReadOnlyList<ReadingRule> Rules { get; } = Enum.GetValues<ReadingRule>();

    /// <summary>Returns the rules that labels of this kind can be read by.</summary>
    public static IReadOnlyList<ReadingRule> RulesFor(IEnumerable<IntentOption> options) =>
        IntentOptions.AreLetters(options) ? Rules : [.. Rules.Where(rule => rule != ReadingRule.LastCapital)];

    /// <summary>Returns the label that the answer chooses; null when the rule finds none, or the answer ends inside a thought. That
    /// counts as wrong.</summary>
    public static string? Read(string answer, ReadingRule rule, IReadOnlyList<IntentOption> options)
    {
        (answer, var isUnfinished) = AnswerText.Of(answer);
        if (isUnfinished) return null;
        var label = rule switch
        {
            ReadingRule.Strict => IntentOptions.AreLetters(options) ? answer.Trim() : Spelt(answer.Trim(), options),
            ReadingRule.Lenient => OnlyMatch(answer, options),
            ReadingRule.LastCapital => LastCapital(answer)?.ToString(),
            ReadingRule.Flexible => OptionMentions.Only(answer, options),
            _ => throw new ArgumentOutOfRangeException(nameof(rule)),
        };
        return options.Any(o => o.Label == label) ? label : null;
    }

    static string? OnlyMatch(string answer, IReadOnlyList<IntentOption> options)
    {
        // A name that another one begins with is looked for after it.
        var labels = string.Join('|', options.Select(o => o.Label).OrderByDescending(label => label.Length).Select(Escaped));
        if (!IntentOptions.AreLetters(options))
            return Regex.Matches(answer, $"({labels})", RegexOptions.IgnoreCase) is [{ Value: var name }] ? Spelt(name, options) : null;
        var matches = Regex.Matches(answer, $"(?:选项)?({labels})[：.]?");
        return matches.Count == 1 ? matches[0].Groups[1].Value : null;

        string Escaped(string label) => IntentOptions.AreLetters(options) ? Regex.Escape(label) : WholeWord(label);
    }

    /// <summary>Returns a pattern that finds a name where it is no part of a longer word.</summary>
    internal static string WholeWord(string name) =>
        $"{(IsWord(name[0]) ? WordStart : "")}{Regex.Escape(name)}{(IsWord(name[^1]) ? WordEnd : "")}";

    // "card" is not named in "discard". Chinese has no blanks between words, so nothing is asked around its characters.
    const string WordStart = @"(?<![A-Za-z0-9_\u00C0-\u024F])", WordEnd = @"(?![A-Za-z0-9_\u00C0-\u024F])";

    static bool IsWord(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or (>= '\u00C0' and <= '\u024F');

    /// <summary>Returns a name as the options spell it, whatever its capitals; null when it is none.</summary>
    static string? Spelt(string name, IReadOnlyList<IntentOption> options) =>
        (options.FirstOrDefault(o => o.Label == name)
            ?? options.FirstOrDefault(o => o.Label.Equals(name, StringComparison.OrdinalIgnoreCase)))?.Label;

    static char? LastCapital(string answer)
    {
        for (var end = answer.Length; end > 0;)
        {
            if (Rune.DecodeLastFromUtf16(answer.AsSpan(0, end), out var rune, out var length) == System.Buffers.OperationStatus.Done
                && IsUpper(rune)) return rune.IsBmp ? (char)rune.Value : '\0';
            end -= length;
        }
        return null;
    }

    // Python's str.isupper, which OpenCompass calls, also takes Roman numerals (Ⅳ) and enclosed letters (Ⓐ, 🄰).
    static bool IsUpper(Rune rune) =>
        Rune.IsUpper(rune) || rune.Value is (>= 0x2160 and <= 0x216F) or (>= 0x24B6 and <= 0x24CF)
            or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189);
}
