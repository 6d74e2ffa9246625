using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Intents;
using static System.FormattableString;

namespace FinIntent.Jobs.Classify;

/// <summary>Counts what became of a table's rows.</summary>
sealed class ClassifySummary(LabelSet set)
{
    readonly long[] _counts = new long[set.Options.Count];

    public long Rows { get; private set; }
    public long Errors { get; private set; }
    public long Abstained { get; private set; }

    /// <summary>How many texts the model read; the others equal one of them.</summary>
    public long Scored { get; set; }

    public TimeSpan Duration { get; set; }

    /// <summary>The type that the model computed in.</summary>
    public string ComputedIn { get; set; } = "";

    /// <summary>How many rows have each intent, by its name.</summary>
    public IEnumerable<(string Intent, long Count)> Counts => set.Options.Select((o, i) => (o.Name, _counts[i]));

    /// <param name="best">The number of the intent's option; null where a row has an error.</param>
    public void Add(int? best, bool isAbstained)
    {
        Rows++;
        if (best is { } option) _counts[option]++;
        else Errors++;
        if (isAbstained) Abstained++;
    }

    /// <summary>Says in a few lines what was done.</summary>
    public Bilingual Text(string output)
    {
        var clock = TerminalText.Clock(Duration);
        var rate = Invariant($"{Rows / Math.Max(Duration.TotalSeconds, 1e-9):n0}");
        var width = Counts.Max(c => TerminalText.Width(c.Intent));
        var table = string.Concat(Counts.Select(c => $"  {TerminalText.PadRight(c.Intent, width)}  {Invariant($"{c.Count:n0}")}\n"));
        var (rows, scored) = (Invariant($"{Rows:n0}"), Invariant($"{Scored:n0}"));
        var chinese = $"{Part(Abstained, "，弃权 {0} 行")}{Part(Errors, "，出错 {0} 行（见 error 列）")}";
        return (
            $"{rows} 行，不同的文本 {scored} 条，用时 {clock}（每秒 {rate} 行）{chinese}\n{table}-> {output}",
            $"{rows} rows, {scored} different texts, {clock} ({rate} rows/s){Part(Abstained, ", {0} abstained")}" +
            $"{Part(Errors, ", {0} with an error (column error)")}\n{table}-> {output}");

        static string Part(long count, string words) =>
            count == 0 ? "" : string.Format(CultureInfo.InvariantCulture, words, Invariant($"{count:n0}"));
    }
}
