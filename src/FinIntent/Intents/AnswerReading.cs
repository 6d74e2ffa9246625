using System.Text;
using System.Text.RegularExpressions;

namespace FinIntent.Intents;

/// <summary>How a model's text becomes a choice. Reports give all three rules side by side.</summary>
public enum ReadingRule
{
    /// <summary>The whole answer, trimmed, is one option letter.</summary>
    Strict,

    /// <summary>Exactly one match of (?:选项)?([A-E])[：.]? anywhere, with the question's own letters.</summary>
    Lenient,

    /// <summary>The last upper-case letter of the answer, as OpenCompass reads it.</summary>
    LastCapital,
}

public static class AnswerReading
{
    public static IReadOnlyList<ReadingRule> Rules { get; } = Enum.GetValues<ReadingRule>();

    /// <summary>The option letter the answer chooses; null when the rule finds none, which counts as wrong.</summary>
    public static char? Read(string answer, ReadingRule rule, IReadOnlyList<IntentOption> options)
    {
        var letter = rule switch
        {
            ReadingRule.Strict => answer.Trim() is [var only] ? only : (char?)null,
            ReadingRule.Lenient => OnlyMatch(answer, options),
            ReadingRule.LastCapital => LastCapital(answer),
            _ => throw new ArgumentOutOfRangeException(nameof(rule)),
        };
        return options.Any(o => o.Letter == letter) ? letter : null;
    }

    static char? OnlyMatch(string answer, IReadOnlyList<IntentOption> options)
    {
        var letters = string.Concat(options.Select(o => o.Letter));
        var matches = Regex.Matches(answer, $"(?:选项)?([{letters}])[：.]?");
        return matches.Count == 1 ? matches[0].Groups[1].Value[0] : null;
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
