using FinIntent.Files;

namespace FinIntent.Text;

/// <summary>Cuts a text into the pieces inside which byte pairs merge.</summary>
abstract class PreTokenizer
{
    const string Words = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
    const string Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The pattern that the ByteLevel step of tokenizer.json uses by itself (use_regex).</summary>
    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Adds the place where each piece ends; the last is the end of the text.</summary>
    public abstract void Split(string text, List<int> ends);

    /// <summary>Chooses for the regex of tokenizer.json: a scanner for the patterns that we know, .NET's engine for others.</summary>
    /// <param name="path">The file, for messages.</param>
    public static PreTokenizer For(string pattern, string path) => pattern switch
    {
        Words + @"\p{N}" + Rest => new WordScanner(1),
        Words + @"\p{N}{1,3}" + Rest => new WordScanner(3),
        _ => new RegexPreTokenizer(pattern, path),
    };
}

/// <summary>Scans the pattern that Qwen and Llama-3 share: fast, and on code points where .NET's regexes see halves of them.</summary>
sealed class WordScanner(int digitsTogether) : PreTokenizer
{
    enum Kind : byte { Other, Letter, Number, Space, NewLine }

    static readonly Kind[] Kinds = [.. Enumerable.Range(0, 0x10000).Select(KindOf)];

    public override void Split(string text, List<int> ends)
    {
        for (var at = 0; at < text.Length;) ends.Add(at = Next(text, at));
    }

    int Next(ReadOnlySpan<char> text, int at)
    {
        if (text[at] == '\'' && Contraction(text[(at + 1)..]) is > 0 and var length) return at + 1 + length;
        var kind = Read(text, at, out var after);
        if (kind == Kind.Letter) return SkipAll(text, after, Kind.Letter);
        if (kind == Kind.Number)
        {
            for (var n = 1; n < digitsTogether && after < text.Length && Read(text, after, out var end) == Kind.Number; n++) after = end;
            return after;
        }
        // One character that is neither letter, number nor line end goes with the letters behind it.
        var behind = after < text.Length ? Read(text, after, out _) : Kind.Space;
        if (kind != Kind.NewLine && behind == Kind.Letter) return SkipAll(text, after, Kind.Letter);
        if (kind == Kind.Other || (text[at] == ' ' && behind == Kind.Other))
            return SkipAll(text, SkipAll(text, after, Kind.Other), Kind.NewLine);
        return Blanks(text, at);
    }

    static int Blanks(ReadOnlySpan<char> text, int at)
    {
        var (end, lastNewLine) = (at, -1);
        for (; end < text.Length && Kinds[text[end]] is Kind.Space or Kind.NewLine; end++)
            if (Kinds[text[end]] == Kind.NewLine) lastNewLine = end;
        if (lastNewLine >= 0) return lastNewLine + 1;
        // The last blank is left to the word behind it.
        return end < text.Length && end - at > 1 ? end - 1 : end;
    }

    /// <summary>Returns the length of s, t, re, ve, m, ll or d in any case; the reference's case folding makes U+017F an s.</summary>
    static int Contraction(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty) return 0;
        var first = (char)(text[0] | 0x20);
        if (text[0] == '\u017F' || (text[0] < 0x80 && first is 's' or 't' or 'm' or 'd')) return 1;
        if (text.Length < 2 || text[0] >= 0x80 || text[1] >= 0x80) return 0;
        return (first, (char)(text[1] | 0x20)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 2 : 0;
    }

    static int SkipAll(ReadOnlySpan<char> text, int at, Kind kind)
    {
        while (at < text.Length && Read(text, at, out var after) == kind) at = after;
        return at;
    }

    static Kind Read(ReadOnlySpan<char> text, int at, out int after)
    {
        after = at + 1;
        if (!char.IsHighSurrogate(text[at]) || after >= text.Length || !char.IsLowSurrogate(text[after])) return Kinds[text[at]];
        return KindOf(char.ConvertToUtf32(text[at], text[after++]));
    }

    static Kind KindOf(int codePoint) => CharUnicodeInfo.GetUnicodeCategory(codePoint) switch
    {
        <= UnicodeCategory.OtherLetter => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
        _ when codePoint is '\r' or '\n' => Kind.NewLine,
        _ when codePoint < 0x10000 && char.IsWhiteSpace((char)codePoint) => Kind.Space,
        _ => Kind.Other,
    };
}

/// <summary>Splits by any other pattern; the engine sees a character outside the BMP as a BMP character of its category.</summary>
sealed class RegexPreTokenizer : PreTokenizer
{
    // They are in the order of UnicodeCategory; none is ASCII, so that classes such as [A-Z] do not match one.
    const string OfCategory = "\u0100\u0101\u01C5\u02B0\u4E00\u0300\u0903\u0488\u0660\u2160\u00B2\u2002\u2028\u2029\u0080\u200B\uFFFD\uE000"
        + "\u203F\u2013\u2045\u2046\u00AB\u00BB\u00A7\u00AC\u00A2\u02C2\u00A9\u0378";

    // The patterns of published tokenizers need microseconds for a piece; those that try all ways through a text never end.
    static readonly TimeSpan MostTime = TimeSpan.FromSeconds(1);

    readonly Regex _regex;
    readonly string _place;

    public RegexPreTokenizer(string pattern, string path)
    {
        _place = $"{path}: pre_tokenizer: the pattern \"{TerminalText.Short(pattern)}\"";
        try
        {
            _regex = new(pattern, RegexOptions.CultureInvariant, MostTime);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException($"{_place} is no regular expression that is read here", e);
        }
    }

    public override void Split(string text, List<int> ends)
    {
        List<int> sources = new(text.Length + 1);
        var mapped = new StringBuilder(text.Length);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            mapped.Append(rune.IsBmp ? text[at] : OfCategory[(int)Rune.GetUnicodeCategory(rune)]);
            sources.Add(at);
            at += rune.Utf16SequenceLength;
        }
        sources.Add(at);

        var last = 0;
        try
        {
            foreach (var match in _regex.EnumerateMatches(mapped.ToString()))
            {
                if (match.Length == 0) continue;
                if (match.Index > last) ends.Add(sources[match.Index]);
                last = match.Index + match.Length;
                ends.Add(sources[last]);
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new UserErrorException($"{_place} takes longer than {MostTime.TotalSeconds:0} s to find one piece " +
                "of a text", e);
        }
        if (last < sources.Count - 1) ends.Add(text.Length);
    }
}
