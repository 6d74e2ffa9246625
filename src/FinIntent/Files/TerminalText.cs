using System.Text;
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

    static string Blanks(string text, int width) => new(' ', Math.Max(0, width - Width(text)));
}
