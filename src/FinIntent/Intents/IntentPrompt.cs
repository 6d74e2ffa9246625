using System.Text;
using System.Text.RegularExpressions;

namespace FinIntent.Intents;

/// <summary>
/// A question with its options as the model reads it. It knows where the option names stand in its text, so that the same prompt can be
/// written with other names in their places.
/// </summary>
public sealed partial class IntentPrompt
{
    const string Opening = "作为一个意图情绪助手，请分析以下问句的意图类型。\n\n问句: ";
    const string Choose = "\n\n请从以下选项中选择最合适的意图类型：\n";

    readonly int[] _nameStarts;

    IntentPrompt(string text, string question, IReadOnlyList<IntentOption> options, int[] nameStarts)
    {
        (Text, Question, Options) = (text, question, options);
        _nameStarts = nameStarts;
    }

    public string Text { get; }

    public string Question { get; }

    public IReadOnlyList<IntentOption> Options { get; }

    /// <summary>The instruction that training rows and converted OpenFinData items have.</summary>
    public static IntentPrompt For(string question, IReadOnlyList<IntentOption> options)
    {
        var text = new StringBuilder(Opening).Append(question).Append(Choose);
        var starts = new int[options.Count];
        for (var i = 0; i < options.Count; i++)
        {
            if (i > 0) text.Append('\n');
            starts[i] = text.Append(options[i].Letter).Append(". ").Length;
            text.Append(options[i].Name);
        }
        var letters = $"{string.Join('、', options.SkipLast(1).Select(o => o.Letter))}或{options[^1].Letter}";
        text.Append("\n\n请仅回答选项字母（").Append(letters).Append("）。");
        return new(text.ToString(), question, options, starts);
    }

    /// <summary>The same words with other names behind the same letters.</summary>
    public IntentPrompt With(IReadOnlyList<string> names)
    {
        if (names.Count != Options.Count) throw new ArgumentException($"{names.Count} names for {Options.Count} options");
        var text = new StringBuilder();
        var starts = new int[names.Count];
        var end = 0;
        for (var i = 0; i < names.Count; i++)
        {
            starts[i] = text.Append(Text, end, _nameStarts[i] - end).Length;
            text.Append(names[i]);
            end = _nameStarts[i] + Options[i].Name.Length;
        }
        text.Append(Text, end, Text.Length - end);
        return new(text.ToString(), Question, [.. Options.Zip(names, (option, name) => option with { Name = name })], starts);
    }

    /// <summary>Reads any prompt that has a block of lines "A. name", "B. name" … (the last such block counts); null when it has none.</summary>
    public static IntentPrompt? Parse(string text)
    {
        List<Match> block = [], found = [];
        foreach (Match line in OptionLine().Matches(text))
        {
            var letter = line.Groups["letter"].Value[0];
            if (letter == 'A') block = [line];
            else if (block.Count > 0 && letter == 'A' + block.Count && line.Index == block[^1].Index + block[^1].Length + 1) block.Add(line);
            if (block.Count == 2) found = block;
        }
        if (found.Count == 0) return null;
        return new(
            text,
            QuestionIn(text[..found[0].Index]),
            [.. found.Select(line => new IntentOption(line.Groups["letter"].Value[0], line.Groups["name"].Value))],
            [.. found.Select(line => line.Groups["name"].Index)]);
    }

    /// <summary>The questions that a mark such as 问句: stands before; none without a mark.</summary>
    internal static IReadOnlyList<string> MarkedIn(string text)
    {
        if (text.StartsWith(Opening, StringComparison.Ordinal) && text.IndexOf(Choose, StringComparison.Ordinal) is var end and > 0) return [text[Opening.Length..end]];
        return [.. MarkedQuestion().Matches(text).Select(match => match.Groups["question"].Value.Trim())];
    }

    internal static bool IsOptionLine(ReadOnlySpan<char> line) => OptionLine().IsMatch(line);

    static string QuestionIn(string before)
    {
        if (before.StartsWith(Opening, StringComparison.Ordinal) && before.EndsWith(Choose, StringComparison.Ordinal))
            return before[Opening.Length..^Choose.Length];
        var marked = MarkedQuestion().Match(before);
        return (marked.Success ? marked.Groups["question"].Value : before).Trim();
    }

    [GeneratedRegex(@"^(?<letter>[A-Z])[.．、:：)）][ \t　]*(?<name>\S(?:[^\r\n]*\S)?)[ \t　]*\r?$", RegexOptions.Multiline)]
    private static partial Regex OptionLine();

    [GeneratedRegex(@"(?:问句|问题|句子|[Qq]uestion|[Qq]uery)\s*[:：][ \t]*(?<question>[^\r\n]+)")]
    private static partial Regex MarkedQuestion();
}
