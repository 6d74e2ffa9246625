using System.Text;
using System.Text.RegularExpressions;

namespace FinIntent.Intents;

/// <summary>How a model's text becomes a choice. Reports give all three rules side by side.</summary>
public enum ReadingRule
{
    /// <summary>The whole answer, trimmed, is one option's label.</summary>
    Strict,

    /// <summary>Exactly one match of (?:选项)?([A-E])[：.]? anywhere, with the question's own letters; where names are the labels, exactly one name.</summary>
    Lenient,

    /// <summary>The last upper-case letter of the answer, as OpenCompass reads it. Only for letters.</summary>
    LastCapital,
}

public static class AnswerReading
{
    public static IReadOnlyList<ReadingRule> Rules { get; } = Enum.GetValues<ReadingRule>();

    /// <summary>Those that labels of this kind can be read by.</summary>
    public static IReadOnlyList<ReadingRule> RulesFor(IEnumerable<IntentOption> options) =>
        IntentOptions.AreLetters(options) ? Rules : [ReadingRule.Strict, ReadingRule.Lenient];

    /// <summary>The label the answer chooses; null when the rule finds none, which counts as wrong.</summary>
    public static string? Read(string answer, ReadingRule rule, IReadOnlyList<IntentOption> options)
    {
        var label = rule switch
        {
            ReadingRule.Strict => answer.Trim(),
            ReadingRule.Lenient => OnlyMatch(answer, options),
            ReadingRule.LastCapital => LastCapital(answer)?.ToString(),
            _ => throw new ArgumentOutOfRangeException(nameof(rule)),
        };
        return options.Any(o => o.Label == label) ? label : null;
    }

    static string? OnlyMatch(string answer, IReadOnlyList<IntentOption> options)
    {
        // A name that another one begins with is looked for after it.
        var labels = string.Join('|', options.Select(o => o.Label).OrderByDescending(label => label.Length).Select(Regex.Escape));
        var matches = Regex.Matches(answer, IntentOptions.AreLetters(options) ? $"(?:选项)?({labels})[：.]?" : $"({labels})");
        return matches.Count == 1 ? matches[0].Groups[1].Value : null;
    }

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
