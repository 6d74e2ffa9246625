using System.Diagnostics;
using FinIntent.Data.Leaks;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Leaks;

/// <summary>
/// Explicit, because it takes a minute: FinIntent.Tests -class FinIntent.Tests.Data.LeakSpeedTests -explicit only. Prints what docs/log.md
/// records.
/// </summary>
[Trait("tier", "demand")]
public sealed class LeakSpeedTests
{
    [Fact(Explicit = true)]
    public void A_million_rows_against_ten_thousand_questions()
    {
        using var folder = new TemporaryFolder();
        Write(folder["rows.jsonl"], 1_000_000, seed: 1);
        Write(folder["questions.jsonl"], 10_000, seed: 2);
        var report = new LeakReport();

        var watch = Stopwatch.StartNew();
        var check = new LeakCheck(LeakCheck.QuestionsOf(folder["questions.jsonl"]));
        var built = watch.Elapsed.TotalSeconds;
        var rows = check.Compare(folder["rows.jsonl"], report);

        using var process = Process.GetCurrentProcess();
        Console.WriteLine($"{rows:N0} rows ({new FileInfo(folder["rows.jsonl"]).Length >> 20} MiB) against {check.Count:N0} questions: " +
            $"{watch.Elapsed.TotalSeconds:F1} s, {built:F2} s of them for the questions; {report.Count:N0} leaks; " +
            $"peak working set {process.PeakWorkingSet64 >> 20} MiB, processor time {process.TotalProcessorTime.TotalSeconds:F0} s");
        Assert.Equal((1_000_000, 10_000), (rows, check.Count));
    }

    /// <summary>Two halves of real phrasings joined: rows share most of their bigrams with many questions, and few are alike.</summary>
    static void Write(string path, int count, int seed)
    {
        var phrasings = File.ReadLines(Path.Combine(Reference.Root, "data", "teach", "questions.tsv")).Select(line => line.Split('\t')[1])
            .Where(q => q.Length > 3).ToArray();
        var random = new Random(seed);
        using var writer = new StreamWriter(path);
        for (var i = 0; i < count; i++)
        {
            string first = phrasings[random.Next(phrasings.Length)], second = phrasings[random.Next(phrasings.Length)];
            var question = first[..(first.Length / 2)] + second[(second.Length / 2)..];
            var instruction = IntentPrompt.For(question, IntentOptions.OpenFinData).Text.Replace("\n", "\\n");
            writer.WriteLine($$"""{"instruction": "{{instruction}}", "input": "", "output": "{{(char)('A' + (i % 5))}}"}""");
        }
    }
}
