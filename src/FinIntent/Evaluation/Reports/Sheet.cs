namespace FinIntent.Evaluation.Reports;

/// <summary>What a report is written on: Markdown, which has one language, or the page, which has both.</summary>
abstract class Sheet
{
    public abstract bool IsPage { get; }

    public abstract Sheet Heading(int level, Bilingual words);

    public abstract Sheet Paragraph(Bilingual words, string @class = "");

    public abstract Sheet Table(Table table);

    public abstract Sheet Definitions(IEnumerable<(Bilingual Term, Bilingual Meaning)> entries, string @class = "");

    /// <summary>Begins a part that a page folds away.</summary>
    public abstract Sheet Fold(Bilingual title, bool isOpen = false);

    /// <summary>Writes markup that only a page has.</summary>
    public virtual Sheet Page(string markup) => this;
}
