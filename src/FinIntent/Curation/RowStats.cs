using FinIntent.Data.Rows;
using FinIntent.Text;

namespace FinIntent.Curation;

/// <summary>A file's labelled rows.</summary>
sealed record RowFile(string Name, IReadOnlyList<LabelledRow> Rows);

/// <summary>Some lengths in short: the least, the mean, the median, what 95 % do not exceed, the most, and that row's place.</summary>
sealed record LengthSummary(int Least, double Mean, int Median, int Most95, int Most, string LongestAt)
{
    public static LengthSummary Of(IReadOnlyList<(int Length, string Place)> rows)
    {
        var sorted = rows.OrderBy(r => r.Length).ToList();
        return new(sorted[0].Length, rows.Average(r => r.Length), sorted[(sorted.Count - 1) / 2].Length,
            sorted[(int)Math.Ceiling(0.95 * sorted.Count) - 1].Length, sorted[^1].Length, rows.MaxBy(r => r.Length).Place);
    }
}

/// <summary>One file's numbers.</summary>
/// <param name="Classes">Intents with their labels and counts, the most frequent first.</param>
/// <param name="Tokens">The tokens of whole rows, prompt and answer, in each template.</param>
sealed record FileStats(
    string Name, int Rows, IReadOnlyList<(string Intent, string Label, int Count)> Classes, LengthSummary Characters,
        IReadOnlyList<(string Template, LengthSummary Tokens)> Tokens);

/// <summary>Two rows that ask nearly the same, by their places.</summary>
/// <param name="IsAcross">True: the rows are in different files.</param>
/// <param name="DifferInLabel">True: the rows have different labels.</param>
readonly record struct Duplicate(LabelledRow First, LabelledRow Second, double Similarity, bool AreSame, bool IsAcross, bool DifferInLabel);

/// <summary>What there is to know about files of labelled rows before they are trained on.</summary>
sealed record RowStats(IReadOnlyList<FileStats> Files, IReadOnlyList<Duplicate> Duplicates)
{
    /// <summary>What held-out classifiers say about the labels; null: not asked.</summary>
    public HeldOutLabels? Labels { get; init; }

    public static RowStats Of(IReadOnlyList<RowFile> files, IReadOnlyList<ChatTemplate> templates)
    {
        var rows = files.SelectMany((file, f) => file.Rows.Select(row => (File: f, Row: row))).ToList();
        var duplicates = NearDuplicates.Pairs([.. rows.Select(r => r.Row.Asked)]).Select(pair =>
        {
            var ((f, first), (g, second)) = (rows[pair.First], rows[pair.Second]);
            return new Duplicate(first, second, pair.Similarity, pair.AreSame, f != g, first.Intent != second.Intent);
        });
        return new([.. files.Select(file => Of(file, templates))], [.. duplicates]);
    }

    static FileStats Of(RowFile file, IReadOnlyList<ChatTemplate> templates)
    {
        var classes = file.Rows.GroupBy(row => row.Intent).Select(g => (g.Key, g.First().Label, g.Count())).OrderByDescending(c => c.Item3)
            .ThenBy(c => c.Key, StringComparer.Ordinal);
        var whole = new SupervisedOptions(int.MaxValue);
        var tokens = templates.Select(template =>
            (template.Name, LengthSummary.Of(
                [.. file.Rows.Select(row => (template.EncodeSupervised(row.Conversation, whole).InputIds.Length, row.Place))])));
        return new(file.Name, file.Rows.Count, [.. classes],
            LengthSummary.Of([.. file.Rows.Select(row => (row.Question.Length, row.Place))]), [.. tokens]);
    }
}
