using static FinIntent.Files.TerminalText;

namespace FinIntent.Curation;

/// <summary>The numbers as they are printed.</summary>
sealed class RowStatsText(IReadOnlyList<RowFile> files)
{
    const int MostShown = 20;

    readonly StringBuilder _text = new();

    public string Of(RowStats stats)
    {
        foreach (var file in stats.Files) Add(file);
        Add(stats.Duplicates);
        if (stats.Labels is { } labels) Add(labels);
        return _text.ToString();
    }

    void Add(FileStats file)
    {
        Line($"{file.Name}: {file.Rows:N0} rows, {file.Classes.Count} classes");
        var width = file.Classes.Max(c => Width(c.Intent));
        foreach (var (intent, label, count) in file.Classes)
        {
            var (name, share) = (label == intent ? "" : label + "  ", 100.0 * count / file.Rows);
            Line($"  {PadRight(intent, width)}  {name}{count,6:N0}  {share,5:F1} %");
        }
        Line($"  {"",-16} least   mean median   95 %   most");
        Add("characters", file.Characters);
        foreach (var (template, tokens) in file.Tokens) Add($"tokens, {template}", tokens);
        Line($"");
    }

    void Add(string name, LengthSummary l) =>
        Line($"  {name,-16} {l.Least,5} {l.Mean,6:F1} {l.Median,6} {l.Most95,6} {l.Most,6}  ({l.LongestAt})");

    void Add(IReadOnlyList<Duplicate> duplicates)
    {
        foreach (var (name, isAcross) in ((string, bool)[])[("within files", false), ("across files", true)])
        {
            var some = duplicates.Where(d => d.IsAcross == isAcross).ToList();
            if (isAcross && files.Count == 1) continue;
            var (same, differ) = (some.Count(d => d.AreSame), some.Count(d => d.DifferInLabel));
            Line($"duplicates {name}: {same:N0} exact, {some.Count - same:N0} near; {differ:N0} of them with different labels");
            foreach (var d in some.OrderByDescending(d => d.DifferInLabel).ThenByDescending(d => d.Similarity).Take(MostShown))
            {
                var (a, b) = ($"{d.First.Place} \"{Short(d.First.Question)}\"", $"{d.Second.Place} \"{Short(d.Second.Question)}\"");
                var alike = d.AreSame ? "the same" : d.Similarity.ToString("F2", CultureInfo.InvariantCulture);
                Line($"  {a} – {b} ({alike}{(d.DifferInLabel ? $"; {d.First.Intent} – {d.Second.Intent}" : "")})");
            }
            if (some.Count > MostShown) Line($"  … and {some.Count - MostShown:N0} more (--json lists them)");
        }
    }

    void Add(HeldOutLabels labels)
    {
        Line($"\nlabels given again by classifiers that had not seen the row ({labels.Folds} folds, all files together):");
        var (model, letters) = (100.0 * labels.ModelRight / labels.Rows, 100.0 * labels.LettersRight / labels.Rows);
        Line($"  on the model's states {model:F1} %, on characters alone {letters:F1} %");
        if (labels.ModelRight < labels.LettersRight)
            _text.Append("  the model knows these texts less well than their characters tell: read the rows with * first, ")
                .Append("or give --model one that knows the language\n");
        Line($"suspicious labels: {labels.Doubts.Count:N0}{(labels.Doubts.Count > 0 ? "  (* : the characters alone say so, too)" : "")}");
        var rows = files.SelectMany(file => file.Rows).ToList();
        foreach (var doubt in labels.Doubts)
        {
            var (row, mark) = (rows[doubt.Row], doubt.LettersAgree ? " *" : "");
            Line($"  {row.Place} \"{Short(row.Question)}\": {doubt.Label}, predicted {doubt.Predicted} {doubt.Probability:F2}{mark}");
        }
    }

    void Line(FormattableString line) => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
