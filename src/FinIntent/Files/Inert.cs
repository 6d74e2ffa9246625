namespace FinIntent.Files;

/// <summary>Makes text that came from outside harmless to a terminal: what would steer it is shown as an escape, such as \x1b.</summary>
/// <remarks>
/// Control characters, both sets (C0, DEL, C1), could colour, erase, rename the window or type for the user; the marks of direction could
/// show a text in another order than it has. Line breaks and tabs stay. Files keep their text: only what is shown becomes inert.
/// </remarks>
static class Inert
{
    /// <summary>Returns the text itself where nothing in it steers a terminal.</summary>
    public static string Text(string text)
    {
        var at = IndexOfActive(text);
        if (at < 0) return text;
        var inert = new StringBuilder(text.Length + 16);
        Append(inert, text);
        return inert.ToString();
    }

    /// <summary>Appends a text in which nothing steers a terminal.</summary>
    public static void Append(StringBuilder to, ReadOnlySpan<char> text)
    {
        for (int at; (at = IndexOfActive(text)) >= 0; text = text[(at + 1)..])
        {
            to.Append(text[..at]);
            to.Append(text[at] <= 0xFF ? $"\\x{(int)text[at]:x2}" : $"\\u{(int)text[at]:x4}");
        }
        to.Append(text);
    }

    /// <summary>Returns the place of the first character that would steer a terminal; -1 when there is none.</summary>
    public static int IndexOfActive(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
            if (IsActive(text[i]) && !(text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n')) return i;
        return -1;
    }

    static bool IsActive(char c) => c switch
    {
        '\n' or '\t' => false,
        < ' ' or (>= '\x7f' and <= '\x9f') => true,
        '\u061c' or '\u200e' or '\u200f' or (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069') => true,
        _ => false,
    };
}
