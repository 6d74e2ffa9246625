using System.Net;
using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>HTML under construction. Headings, paragraphs and cells are text, whatever is in them; only Raw and Line take markup.</summary>
sealed class Html : Sheet
{
    readonly StringBuilder _text = new();

    public static string Escape(string text) => WebUtility.HtmlEncode(Inert.Text(text));

    /// <summary>Both languages, of which the page shows one.</summary>
    public static string Both(Bilingual words) => words.Chinese == words.English ? Escape(words.Chinese)
        : $"<span class=\"zh\" lang=\"zh\">{Escape(words.Chinese)}</span><span class=\"en\" lang=\"en\">{Escape(words.English)}</span>";

    public override bool IsPage => true;

    public override Sheet Page(string markup) => Line(markup);

    public Html Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    public Html Line(string markup) => Raw(markup).Raw("\n");

    public override Html Heading(int level, Bilingual words) => Line($"<h{level}>{Both(words)}</h{level}>");

    public override Html Paragraph(Bilingual words, string @class = "") => Line($"<p{Class(@class)}>{Both(words)}</p>");

    /// <summary>Writes a table that scrolls by itself where the page is narrow.</summary>
    public override Html Table(Table table)
    {
        var (_, _, columns, rows) = table.For(Shown.Page);
        OpenTable(table.Caption, columns.Select(Head), table.Class).Line("<tbody>");
        var isLabelled = table.Class.Contains("stack") || table.Class.Contains("pairs");
        foreach (var row in rows)
            Line($"<tr>{string.Concat(columns.Zip(row, (column, cell) => CellOf(column, cell, isLabelled && column.IsNumber)))}</tr>");
        return Line("</tbody>").CloseTable();
    }

    public override Html Definitions(IEnumerable<(Bilingual Term, Bilingual Meaning)> entries, string @class = "")
    {
        Line($"<dl{Class(@class)}>");
        foreach (var (term, meaning) in entries) Line($"<div><dt>{Both(term)}</dt><dd>{Both(meaning)}</dd></div>");
        return Line("</dl>");
    }

    public override Html Fold(Bilingual title, bool isOpen = false) =>
        Line($"<details{(isOpen ? " open" : "")}><summary>{Both(title)}</summary>");

    public Html OpenTable(Bilingual caption, IEnumerable<string> header, string @class = "")
    {
        Line($"<div class=\"scroll\"><table{Class(@class)}><caption>{Both(caption)}</caption>");
        return Line($"<thead><tr>{string.Concat(header)}</tr></thead>");
    }

    public Html CloseTable() => Line("</table></div>");

    /// <summary>A cell that says what it is where a narrow page does not show the header.</summary>
    public static string Labelled(Bilingual label, string content, string @class) =>
        $"<td{Class(@class)} data-zh=\"{Escape(label.Chinese)}\" data-en=\"{Escape(label.English)}\">{content}</td>";

    public static string Head(Column column) => column.Heading.English.Length == 0 ? "<td></td>"
        : $"<th scope=\"col\"{(column.IsNumber ? Class("n") : "")}>{Both(column.Heading)}{column.Axis}</th>";

    static string CellOf(Column column, Cell cell, bool isLabelled)
    {
        var content = Both(cell.Text) + cell.Chart + ((cell.Note ?? cell.PageNote) is { } note ? $"<small>{Both(note)}</small>" : "");
        var classes = $"{column.Class} {cell.Class}".TrimEnd();
        return column.Class == "row" ? $"<th scope=\"row\">{content}</th>"
            : isLabelled ? Labelled(column.Heading, content, classes) : $"<td{Class(classes)}>{content}</td>";
    }

    static string Class(string classes) => classes.Length > 0 ? $" class=\"{classes}\"" : "";

    public override string ToString() => _text.ToString();
}
