namespace FinIntent.Evaluation.Reports;

/// <summary>The beginning of a study's page: the seed's table, what did not finish, and how far runs of one model lie apart.</summary>
static class HtmlStudy
{
    public static void Write(Html html, Comparison report)
    {
        html.Line("<section id=\"study\">");
        if (report.Groups.Any(g => g.Base is not null || g.Failure is not null)) Table(html, report);
        if (report.Groups.Any(g => g.Runs.Count > 1)) Spread(html, report);
        html.Line("</section>");
    }

    static void Table(Html html, Comparison report)
    {
        html.Heading(2, Words.Study).OpenTable(Words.Study, StudyTable.Header.Select((w, i) => Html.Column(w, i > 0 ? "n" : "")), "stack study").Line("<tbody>");
        foreach (var row in StudyTable.Of(report))
        {
            html.Raw($"<tr><th scope=\"row\">{Html.Escape(row.Name)}");
            if (row.Failure is { } failure) html.Raw($"<small>{Html.Both(Words.Failure)}: {Html.Escape(failure)}</small>");
            html.Raw("</th>");
            foreach (var (label, value) in StudyTable.Header.Skip(1).Zip([row.Base, row.Tuned, row.Change, row.Runs, row.P])) html.Raw(Html.Labelled(label, Html.Escape(value), "n"));
            html.Line("</tr>");
        }
        html.Line("</tbody>").CloseTable().Paragraph(Words.AboutStudy, "lead");
    }

    static void Spread(Html html, Comparison report)
    {
        Bilingual[] numbers = [Words.Runs, Words.Mean, Words.Deviation, Words.Range, Words.Unsteady];
        html.Heading(2, Words.Spread).OpenTable(Words.Spread, [Html.Column(Words.Model), .. numbers.Select(w => Html.Column(w, "n"))], "stack study").Line("<tbody>");
        foreach (var row in RunSpread.RowsOf(report))
            html.Line($"<tr><th scope=\"row\">{Html.Escape(row[0])}</th>{string.Concat(numbers.Zip(row.Skip(1), (label, value) => Html.Labelled(label, Html.Escape(value), "n")))}</tr>");
        html.Line("</tbody>").CloseTable();
    }
}
