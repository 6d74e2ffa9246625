namespace FinIntent.Intents;

/// <summary>Is a question with its options as the model reads it.</summary>
/// <remarks>It knows where the option names stand in its text, so that the same prompt can be written with other names there.</remarks>
sealed partial class IntentPrompt
{
    const string NameMark = "- ";

    readonly int[] _nameStarts;

    IntentPrompt(string text, string question, IReadOnlyList<IntentOption> options, int[] nameStarts) =>
        (Text, Question, Options, _nameStarts) = (text, question, options, nameStarts);

    public string Text { get; }
    public string Question { get; }
    public IReadOnlyList<IntentOption> Options { get; }

    /// <param name="wording">The words around the question; null means those of training rows, for letters or for names.</param>
    public static IntentPrompt For(string question, IReadOnlyList<IntentOption> options, PromptWording? wording = null)
    {
        var areLetters = IntentOptions.AreLetters(options);
        wording ??= areLetters ? PromptWording.Chinese : PromptWording.ChineseNames;
        var text = new StringBuilder(wording.Parts.Before).Append(question).Append(wording.Parts.Middle);
        var starts = new int[options.Count];
        for (var i = 0; i < options.Count; i++)
        {
            if (i > 0) text.Append('\n');
            starts[i] = text.Append(areLetters ? options[i].Label + ". " : NameMark).Length;
            text.Append(options[i].Name);
        }
        return new(text.Append(wording.After(options)).ToString(), question, options, starts);
    }

    /// <summary>The text before the line of the first option, with its line break.</summary>
    internal string Head => Text[..(Text.LastIndexOf('\n', _nameStarts[0] - 1) + 1)];

    /// <summary>The text behind the last option's name.</summary>
    internal string Tail => Text[(_nameStarts[^1] + Options[^1].Name.Length)..];

    /// <summary>Returns the same words with other names behind the same letters; where names are the labels, in another order.</summary>
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
        return new(text.ToString(), Question,
            [.. Options.Zip(names, (option, name) => new IntentOption(option.Label == option.Name ? name : option.Label, name))], starts);
    }

    /// <summary>Reads the last block of lines "A. name", "B. name" …, or else of lines "- name"; null when there is none.</summary>
    /// <param name="wording">The words of a schema, which may have no mark such as 问句: before the question.</param>
    public static IntentPrompt? Parse(string text, PromptWording? wording = null)
    {
        var found = OptionLines(text);
        if (found.Count == 0) return null;
        return new(text, QuestionIn(text[..found[0].Index], wording), [.. found.Select(OptionOf)],
            [.. found.Select(line => line.Groups["name"].Index)]);
    }

    static IntentOption OptionOf(Match line)
    {
        var (letter, name) = (line.Groups["letter"], line.Groups["name"].Value);
        return new(letter.Success ? letter.Value : name, name);
    }

    static List<Match> OptionLines(string text) => Lettered(text) is { Count: > 0 } lettered ? lettered : Named(text);

    static List<Match> Lettered(string text)
    {
        List<Match> block = [], found = [];
        foreach (Match line in OptionLine().Matches(text))
        {
            var letter = line.Groups["letter"].Value[0];
            if (letter == 'A') block = [line];
            else if (block.Count > 0 && letter == 'A' + block.Count && Follows(line, block)) block.Add(line);
            if (block.Count == 2) found = block;
        }
        return found;
    }

    static List<Match> Named(string text)
    {
        List<Match> block = [], found = [];
        foreach (Match line in NameLine().Matches(text))
        {
            if (block.Count > 0 && Follows(line, block)) block.Add(line);
            else block = [line];
            if (block.Count == 2) found = block;
        }
        return found;
    }

    static bool Follows(Match line, List<Match> block) => line.Index == block[^1].Index + block[^1].Length + 1;

    /// <summary>Returns the question that a schema's words stand around; else those that a mark such as 问句: stands before.</summary>
    internal static IReadOnlyList<string> MarkedIn(string text, PromptWording? wording = null)
    {
        if (wording is not null && OptionLines(text) is [var first, ..] && Between(text[..first.Index], wording) is { } asked)
            return [asked];
        foreach (var (before, middle, _) in PromptWording.All.Select(w => w.Parts))
            if (text.StartsWith(before, StringComparison.Ordinal)
                && text.IndexOf(middle, before.Length, StringComparison.Ordinal) is var end and > 0)
                return [text[before.Length..end]];
        return [.. MarkedQuestion().Matches(text).Select(match => match.Groups["question"].Value.Trim())];
    }

    internal static bool IsOptionLine(ReadOnlySpan<char> line) => OptionLine().IsMatch(line);

    static string QuestionIn(string text, PromptWording? wording)
    {
        var wordings = wording is null ? PromptWording.All : PromptWording.All.Prepend(wording);
        if (wordings.Select(w => Between(text, w)).FirstOrDefault(question => question is not null) is { } asked) return asked;
        var marked = MarkedQuestion().Match(text);
        return (marked.Success ? marked.Groups["question"].Value : text).Trim();
    }

    /// <summary>Returns the question in a text that goes up to the options; null where the rest of the text is not the wording's.</summary>
    static string? Between(string text, PromptWording wording)
    {
        var (before, middle, _) = wording.Parts;
        var isWorded = text.Length >= before.Length + middle.Length && text.StartsWith(before, StringComparison.Ordinal)
            && text.EndsWith(middle, StringComparison.Ordinal);
        return isWorded ? text[before.Length..^middle.Length] : null;
    }

    [GeneratedRegex(@"^(?<letter>[A-Z])[.．、:：)）][ \t　]*(?<name>\S(?:[^\r\n]*\S)?)[ \t　]*\r?$", RegexOptions.Multiline)]
    private static partial Regex OptionLine();

    [GeneratedRegex(@"^- (?<name>\S(?:[^\r\n]*\S)?)[ \t　]*\r?$", RegexOptions.Multiline)]
    private static partial Regex NameLine();

    [GeneratedRegex(@"(?:问句|问题|句子|[Qq]uestion|[Qq]uery)\s*[:：][ \t]*(?<question>[^\r\n]+)")]
    private static partial Regex MarkedQuestion();
}
