namespace FinIntent.Server.TextLog;

/// <summary>Finds runs of six and more digits, and says which are Chinese resident identity numbers (GB 11643: 18 places, of which the last
/// may be X; the older ones have 15).</summary>
static class NumberMasks
{
    const int LeastDigits = 6, MostBetween = 3;
    const string Signs = "._/\\(),+·•‧−";

    public static IEnumerable<Mask> In(PlainText plain)
    {
        for (var i = 0; i < plain.Characters.Length;)
        {
            if (!plain.IsDigit(i))
            {
                i++;
                continue;
            }
            var blocks = BlocksFrom(plain, i);
            i = blocks[^1].End;
            if (blocks.Sum(block => block.Digits.Length) < LeastDigits) continue;
            foreach (var mask in MasksOf(plain, blocks)) yield return mask;
        }
    }

    /// <summary>Digits that touch each other, block by block, as long as no more than a few separators are between two blocks.</summary>
    static List<Block> BlocksFrom(PlainText plain, int start)
    {
        List<Block> blocks = [];
        while (true)
        {
            var end = start;
            while (plain.IsDigit(end)) end++;
            blocks.Add(new(start, end, plain.Characters[start..end]));
            start = end;
            while (start - end < MostBetween && start < plain.Characters.Length && IsSeparator(plain.Characters[start])) start++;
            if (start == end || !plain.IsDigit(start) || !MayJoin(plain, end, start)) return blocks;
        }
    }

    static bool IsSeparator(char c) => IsSpaceOrDash(c) || Signs.Contains(c);

    static bool IsSpaceOrDash(char c) => char.IsWhiteSpace(c) || char.GetUnicodeCategory(c) == UnicodeCategory.DashPunctuation;

    /// <summary>Chinese numerals are words, too: a comma between them ends a number, a space or dash does not.</summary>
    static bool MayJoin(PlainText plain, int end, int start) =>
        !plain.IsSpoken(end - 1) && !plain.IsSpoken(start) || plain.Characters[end..start].All(IsSpaceOrDash);

    static IEnumerable<Mask> MasksOf(PlainText plain, List<Block> blocks)
    {
        var last = blocks[^1];
        var all = new Block(blocks[0].Start, last.End, string.Concat(blocks.Select(block => block.Digits)));
        if (all.Start > 0 && plain.Characters[all.Start - 1] == '+') all = all with { Start = all.Start - 1 };
        if (IsIdentity(all.Digits)) return [all.As(Masks.Identity)];
        if (EndOfX(plain, last.End) is { } end)
        {
            if (IsIdentity(all.Digits + 'X')) return [(all with { End = end }).As(Masks.Identity)];
            if (IsIdentity(last.Digits + 'X')) blocks[^1] = last with { End = end, Digits = last.Digits + 'X' };
        }
        // Numbers side by side are one run; it is told apart only where that shows an identity number.
        return blocks.Exists(block => IsIdentity(block.Digits))
            ? blocks.Select(block => block.As(IsIdentity(block.Digits) ? Masks.Identity : Masks.Number)) : [all.As(Masks.Number)];
    }

    /// <summary>Where an X behind the digits ends, with at most one space or dash before it; null where there is none.</summary>
    static int? EndOfX(PlainText plain, int end)
    {
        var text = plain.Characters;
        if (end < text.Length && IsSpaceOrDash(text[end])) end++;
        var isX = end < text.Length && text[end] is 'x' or 'X' && !(end + 1 < text.Length && char.IsAsciiLetterOrDigit(text[end + 1]));
        return isX ? end + 1 : null;
    }

    static bool IsIdentity(string digits) => digits.Length switch
    {
        18 => digits[^1] == 'X' || digits[0] != '0' && IsBirthday(digits[6..14]),
        15 => digits[0] != '0' && IsBirthday("19" + digits[6..12]),
        _ => false,
    };

    static bool IsBirthday(string digits) => digits[0] is '1' or '2'
        && DateOnly.TryParseExact(digits, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    /// <summary>Holds digits without a separator between, and where they stand.</summary>
    readonly record struct Block(int Start, int End, string Digits)
    {
        public Mask As(string token) => new(Start, End, token);
    }
}
