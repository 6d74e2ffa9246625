using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>A report as Markdown, in one language.</summary>
static class ReportMarkdown
{
    public static string Of(Comparison report, Language language)
    {
        var sheet = new Markdown(language);
        new ReportBody(sheet, report).Write();
        return sheet.ToString();
    }

    sealed class Markdown(Language language) : Sheet
    {
        readonly StringBuilder _text = new();

        public override bool IsPage => false;

        string In(Bilingual words) => MarkdownText.Escape(words.In(language));

        Markdown Write(string text)
        {
            _text.Append(text).Append('\n');
            return this;
        }

        public override Sheet Heading(int level, Bilingual words) => Write($"{new string('#', level)} {In(words)}\n");

        public override Sheet Paragraph(Bilingual words, string @class = "") => Write($"{In(words)}\n");

        public override Sheet Fold(Bilingual title, bool isOpen = false) => Heading(4, title);

        public override Sheet Definitions(IEnumerable<(Bilingual Term, Bilingual Meaning)> entries, string @class = "")
        {
            var colon = language == Language.Chinese ? "：" : ": ";
            return Write(string.Concat(entries.Select(e => $"- **{In(e.Term)}**{colon}{In(e.Meaning)}\n")));
        }

        public override Sheet Table(Table table)
        {
            var (_, _, columns, rows) = table.For(Shown.Markdown);
            Row(columns.Select(c => In(c.Heading)));
            Row(columns.Select(c => c.IsNumber ? "---:" : "---"));
            foreach (var row in rows) Row(row.Select(cell => MarkdownText.Escape(cell.In(language))));
            return Write("");
        }

        void Row(IEnumerable<string> cells) => Write($"| {string.Join(" | ", cells)} |");

        public override string ToString() => _text.ToString().TrimEnd('\n') + "\n";
    }
}
