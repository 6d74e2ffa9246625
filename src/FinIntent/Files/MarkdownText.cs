namespace FinIntent.Files;

/// <summary>Puts text that came from outside into Markdown.</summary>
static class MarkdownText
{
    /// <summary>Returns a text for a cell or a heading: nothing in it is markup or steers a terminal, and it stays on its line.</summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var c in Inert.Text(text.ReplaceLineEndings("\n")))
        {
            if (c == '\n') escaped.Append("<br>");
            else if (c == '\t') escaped.Append(' ');
            else if ("\\`*_[]<>#|~&$".Contains(c)) escaped.Append('\\').Append(c);
            else escaped.Append(c);
        }
        return escaped.ToString();
    }
}
