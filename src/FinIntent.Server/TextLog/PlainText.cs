using System.Buffers;
using System.Collections.Frozen;

namespace FinIntent.Server.TextLog;

/// <summary>Holds a text as the masks read it: digits of every script as 0 to 9, full-width letters and signs as ASCII, and without
/// characters that cannot be seen; with each character's place in the text as it was written.</summary>
sealed class PlainText
{
    /// <summary>The numerals that are spoken digit by digit (幺 is the telephone's one), plain and as in cheques.</summary>
    static readonly FrozenDictionary<int, char> SpokenDigits = new[]
    {
        "〇零○", "一幺壹", "二贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖",
    }.Index().SelectMany(digit => digit.Item.Select(c => ((int)c, (char)('0' + digit.Index))))
        .ToFrozenDictionary(pair => pair.Item1, pair => pair.Item2);

    /// <summary>Characters that look like nothing, though their categories do not say so: Hangul fillers and the empty Braille
    /// pattern.</summary>
    static readonly FrozenSet<int> Blanks = [0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0];

    readonly List<int> _places = [];
    readonly StringBuilder _characters = new();
    readonly HashSet<int> _spoken = [];

    public PlainText(string text)
    {
        Original = text;
        for (var i = 0; i < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length) != OperationStatus.Done) rune = Rune.ReplacementChar;
            Add(rune, i);
            i += length;
        }
        Characters = _characters.ToString();
        _places.Add(text.Length);
    }

    public string Original { get; }
    public string Characters { get; }

    /// <summary>Where a character stands in the original text; the text's length for the place behind the last one.</summary>
    public int PlaceOf(int index) => _places[index];

    public bool IsDigit(int index) => index < Characters.Length && char.IsAsciiDigit(Characters[index]);

    /// <summary>Whether the digit was written as a Chinese numeral.</summary>
    public bool IsSpoken(int index) => _spoken.Contains(index);

    void Add(Rune rune, int place)
    {
        if (IsInvisible(rune)) return;
        if (SpokenDigits.TryGetValue(rune.Value, out var digit))
        {
            _spoken.Add(_characters.Length);
            Append(digit, place);
        }
        else Append(PlainOf(rune), place);
    }

    void Append(char character, int place)
    {
        _characters.Append(character);
        _places.Add(place);
    }

    /// <summary>Zero-width and soft characters, joiners, accents, variation selectors, enclosing keycaps and control characters.</summary>
    static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
        || Rune.IsControl(rune) && !Rune.IsWhiteSpace(rune) || Blanks.Contains(rune.Value);

    static char PlainOf(Rune rune)
    {
        if (rune.IsAscii) return (char)rune.Value;
        if (Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.OtherNumber or UnicodeCategory.LetterNumber
            && Rune.GetNumericValue(rune) is >= 0 and <= 9 and var value && value == Math.Floor(value)) return (char)('0' + (int)value);
        return rune.Value switch
        {
            >= 0xFF01 and <= 0xFF5E => (char)(rune.Value - 0xFEE0), // full-width forms
            0x3002 or 0xFF61 or 0xFE52 => '.', // what a Chinese keyboard writes for a dot
            0xFE6B => '@',
            0x0425 or 0x0445 or 0x03A7 or 0x03C7 or 0x2169 or 0x2179 or 0x00D7 => 'X', // Cyrillic, Greek, Roman ten, times
            _ when rune.IsBmp => (char)rune.Value,
            _ when Rune.IsLetter(rune) => '\u5B57', // any letter that is not ASCII
            _ => '\uFFFD',
        };
    }
}
