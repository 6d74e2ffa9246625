namespace FinIntent.Server.TextLog;

/// <summary>Finds e-mail addresses. Chinese text may touch them on both sides, and spaces the @.</summary>
static class EmailMasks
{
    const string LocalSigns = "._%+-'&/=?^{|}~!#$*`";
    const int MostSpaces = 2, MostCharacters = 320;

    public static IEnumerable<Mask> In(PlainText plain)
    {
        var text = plain.Characters;
        var from = 0;
        for (var at = text.IndexOf('@'); at >= 0; at = text.IndexOf('@', at + 1))
        {
            var start = StartOfLocal(plain, from, at);
            var end = EndOfDomain(text, at);
            if (start == at || end == at) continue;
            yield return new(start, end, Masks.Email);
            from = end;
            at = end - 1;
        }
    }

    /// <summary>Where the part before the @ begins: of ASCII if its last character is, else of any letters; the @ itself if there is
    /// none.</summary>
    static int StartOfLocal(PlainText plain, int from, int at)
    {
        var text = plain.Characters;
        from = Math.Max(from, at - MostCharacters);
        var end = at;
        while (end > from && at - end < MostSpaces && char.IsWhiteSpace(text[end - 1])) end--;
        var start = end;
        while (start > from && IsAsciiLocal(text[start - 1]) && !plain.IsSpoken(start - 1)) start--;
        if (start == end)
            while (start > from && (char.IsLetterOrDigit(text[start - 1]) || IsAsciiLocal(text[start - 1]))) start--;
        return start == end ? at : start;
    }

    static bool IsAsciiLocal(char c) => char.IsAsciiLetterOrDigit(c) || LocalSigns.Contains(c);

    /// <summary>Where the part behind the @ ends: an address in brackets, or words with dots between; the @ itself if it is none.</summary>
    static int EndOfDomain(string text, int at)
    {
        var start = at + 1;
        while (start < text.Length && start - at <= MostSpaces && char.IsWhiteSpace(text[start])) start++;
        if (start < text.Length && text[start] == '[')
        {
            var bracket = text.IndexOf(']', start, Math.Min(MostCharacters, text.Length - start));
            return bracket > 0 ? bracket + 1 : at;
        }
        // Behind an ASCII domain Chinese text may go on without a space; behind another one what follows is taken with it.
        var end = EndOfWords(text, start, char.IsAsciiLetterOrDigit);
        if (end == start) end = EndOfWords(text, start, char.IsLetterOrDigit);
        return end == start ? at : end;
    }

    /// <summary>Where words with dots between end; the start if there are no two.</summary>
    static int EndOfWords(string text, int start, Func<char, bool> isLetter)
    {
        var (end, dots) = (start, 0);
        for (var i = start; i < text.Length && i - start < MostCharacters; i++)
        {
            if (isLetter(text[i])) end = i + 1;
            else if (text[i] == '.' && end == i && i > start && i + 1 < text.Length && isLetter(text[i + 1])) dots++;
            else if (text[i] != '-') break;
        }
        return dots > 0 ? end : start;
    }
}
