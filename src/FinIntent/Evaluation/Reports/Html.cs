using System.Net;
using System.Text;

namespace FinIntent.Evaluation.Reports;

/// <summary>HTML under construction. What comes in through Text and Words is text, whatever it contains; only Raw is markup.</summary>
sealed class Html
{
    readonly StringBuilder _text = new();

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Both languages, of which the page shows one.</summary>
    public static string Both(Bilingual words) => words.Chinese == words.English ? Escape(words.Chinese)
        : $"<span class=\"zh\" lang=\"zh\">{Escape(words.Chinese)}</span><span class=\"en\" lang=\"en\">{Escape(words.English)}</span>";

    public Html Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    public Html Line(string markup) => Raw(markup).Raw("\n");

    public Html Text(string text) => Raw(Escape(text));

    public Html Words(Bilingual words) => Raw(Both(words));

    public Html Heading(int level, Bilingual words) => Line($"<h{level}>{Both(words)}</h{level}>");

    public Html Paragraph(Bilingual words, string @class = "") => Line($"<p{(@class.Length > 0 ? $" class=\"{@class}\"" : "")}>{Both(words)}</p>");

    /// <summary>A table that scrolls by itself where the page is narrow.</summary>
    public Html OpenTable(Bilingual caption, IEnumerable<string> header, string @class = "")
    {
        Line($"<div class=\"scroll\"><table class=\"{@class}\"><caption>{Both(caption)}</caption>");
        return Line($"<thead><tr>{string.Concat(header)}</tr></thead>");
    }

    public Html CloseTable() => Line("</table></div>");

    public static string Column(Bilingual words, string @class = "") => $"<th scope=\"col\"{(@class.Length > 0 ? $" class=\"{@class}\"" : "")}>{Both(words)}</th>";

    public static string Number(string value) => $"<td class=\"n\">{Escape(value)}</td>";

    /// <summary>A cell that says what it is where a narrow page does not show the header.</summary>
    public static string Labelled(Bilingual label, string content, string @class) =>
        $"<td class=\"{@class}\" data-zh=\"{Escape(label.Chinese)}\" data-en=\"{Escape(label.English)}\">{content}</td>";

    public override string ToString() => _text.ToString();
}
