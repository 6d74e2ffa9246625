using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>A table as lines for a terminal or a log: columns of equal width, words to the left and numbers to the right.</summary>
static class TextTable
{
    public static StringBuilder Table(this StringBuilder text, Table table, Language language)
    {
        var (_, _, columns, rows) = table.For(Shown.Text);
        List<List<string>> lines = [[.. columns.Select(c => c.Heading.In(language))]];
        lines.AddRange(rows.Select(row => row.Select(cell => cell.In(language)).ToList()));
        var widths = columns.Select((_, c) => lines.Max(line => TerminalText.Width(line[c]))).ToList();
        foreach (var line in lines)
        {
            var cells = line.Select((cell, c) =>
                columns[c].IsNumber ? TerminalText.PadLeft(cell, widths[c]) : TerminalText.PadRight(cell, widths[c]));
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }
        return text;
    }
}
