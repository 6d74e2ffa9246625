using FinIntent.Files;
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
        var width = file.Classes.Max(c => TerminalText.Width(c.Intent));
        foreach (var (intent, label, count) in file.Classes)
            Line($"  {TerminalText.PadRight(intent, width)}  {(label == intent ? "" : label + "  ")}{count,6:N0}  {100.0 * count / file.Rows,5:F1} %");
        Line($"  {"",-16} least   mean median   95 %   most");
        Add("characters", file.Characters);
        foreach (var (template, tokens) in file.Tokens) Add($"tokens, {template}", tokens);
        Line($"");
    }

    void Add(string name, LengthSummary lengths) => Line(
        $"  {name,-16} {lengths.Least,5} {lengths.Mean,6:F1} {lengths.Median,6} {lengths.Most95,6} {lengths.Most,6}  ({lengths.LongestAt})");

    void Add(IReadOnlyList<Duplicate> duplicates)
    {
        foreach (var (name, isAcross) in ((string, bool)[])[("within files", false), ("across files", true)])
        {
            var some = duplicates.Where(d => d.IsAcross == isAcross).ToList();
            if (isAcross && files.Count == 1) continue;
            Line($"duplicates {name}: {some.Count(d => d.AreSame):N0} exact, {some.Count(d => !d.AreSame):N0} near; {some.Count(d => d.DifferInLabel):N0} of them with different labels");
            foreach (var d in some.OrderByDescending(d => d.DifferInLabel).ThenByDescending(d => d.Similarity).Take(MostShown))
                Line($"  {d.First.Place} \"{Short(d.First.Question)}\" – {d.Second.Place} \"{Short(d.Second.Question)}\" ({(d.AreSame ? "the same" : $"{d.Similarity.ToString("F2", CultureInfo.InvariantCulture)}")}{(d.DifferInLabel ? $"; {d.First.Intent} – {d.Second.Intent}" : "")})");
            if (some.Count > MostShown) Line($"  … and {some.Count - MostShown:N0} more (--json lists them)");
        }
    }

    void Add(HeldOutLabels labels)
    {
        Line($"\nlabels given again by classifiers that had not seen the row ({labels.Folds} folds, all files together):");
        Line($"  on the model's states {100.0 * labels.ModelRight / labels.Rows:F1} %, on characters alone {100.0 * labels.LettersRight / labels.Rows:F1} %");
        if (labels.ModelRight < labels.LettersRight)
            Line($"  the model knows these texts less well than their characters tell: read the rows with * first, or give --model one that knows the language");
        Line($"suspicious labels: {labels.Doubts.Count:N0}{(labels.Doubts.Count > 0 ? "  (* : the characters alone say so, too)" : "")}");
        var rows = files.SelectMany(file => file.Rows).ToList();
        foreach (var doubt in labels.Doubts)
            Line($"  {rows[doubt.Row].Place} \"{Short(rows[doubt.Row].Question)}\": {doubt.Label}, predicted {doubt.Predicted} {doubt.Probability:F2}{(doubt.LettersAgree ? " *" : "")}");
    }

    void Line(FormattableString line) => _text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
}
