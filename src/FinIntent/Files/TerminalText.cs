using Wcwidth;

namespace FinIntent.Files;

/// <summary>Text in the columns of a terminal, where a Chinese character takes two and a combining one none.</summary>
static class TerminalText
{
    /// <summary>How many columns a text takes on one line. A control character counts as none.</summary>
    public static int Width(string text) => text.EnumerateRunes().Sum(rune => Math.Max(0, UnicodeCalculator.GetWidth(rune)));

    /// <summary>A text on one line, cut where it has more characters than a message should quote.</summary>
    public static string Short(string text)
    {
        const int Most = 60;
        text = text.ReplaceLineEndings(" ");
        return text.Length <= Most ? text : text[..Most] + "…";
    }

    public static string PadRight(string text, int width) => text + Blanks(text, width);

    public static string PadLeft(string text, int width) => Blanks(text, width) + text;

    /// <summary>Writes a time as Python writes a timedelta of whole seconds: 0:01:02.</summary>
    public static string Clock(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}");

    static string Blanks(string text, int width) => new(' ', Math.Max(0, width - Width(text)));
}
