using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>The files of a report. The same predictions give the same bytes.</summary>
static class ReportWriter
{
    public const string HtmlName = "report.html";
    public const string MarkdownName = "report.md";

    public static void Write(string folder, Comparison report, Language language)
    {
        AtomicFile.WriteText(Path.Combine(folder, HtmlName), ReportHtml.Of(report, language));
        AtomicFile.WriteText(Path.Combine(folder, MarkdownName), ReportMarkdown.Of(report, language));
    }
}
