using FinIntent.Server.Load;
using Spectre.Console;

namespace FinIntent.Cli;

/// <summary>The table of `finintent bench serve`, in plain text.</summary>
static class LoadText
{
    /// <summary>Tells a load while others still run.</summary>
    public static string Line(LoadOutcome outcome) =>
        $"{Name(outcome)}: {Number(outcome.AnswersPerSecond, "f1")}/s, p50 {Milliseconds(outcome.Percentile(0.5))} ms, " +
        $"p99 {Milliseconds(outcome.Percentile(0.99))} ms, {Ends(outcome)}";

    public static void Write(TextWriter console, ServeBenchResult result)
    {
        console.WriteLine($"{result.Url}, {Number(result.Plan.Times.Duration.TotalSeconds, "g4")} s each" +
            (result.Question.Adapters > 0 ? $", {result.Question.Adapters} adapters" : "") +
            (result.Question.DeadlineMs is { } deadline ? $", deadline {deadline} ms" : ""));
        var table = new Table();
        table.AddColumns("", "sent", "answers/s", "of classify", "p50 ms", "p95 ms", "p99 ms", "max ms", "late p99 ms", "µs client",
            "µs server", "ends");
        if (result.ClassifyRate is { } rate)
            table.AddRow("finintent classify", "–", Number(rate, "f1"), "100 %", "–", "–", "–", "–", "–", "–", "–", "–");
        foreach (var outcome in result.Outcomes) table.AddRow([.. Cells(outcome, result)]);
        BenchText.Write(console, table);
    }

    static IEnumerable<string> Cells(LoadOutcome outcome, ServeBenchResult result)
    {
        yield return Name(outcome);
        yield return $"{outcome.Sent}";
        yield return Number(outcome.AnswersPerSecond, "f1");
        yield return result.ClassifyRate is { } rate ? Number(outcome.AnswersPerSecond / rate, "p0") : "–";
        foreach (var share in (double[])[0.5, 0.95, 0.99, 1]) yield return Milliseconds(outcome.Percentile(share));
        yield return outcome.Rate is null ? "–" : Milliseconds(outcome.LateMilliseconds);
        yield return Number(outcome.Processor.TotalMicroseconds / outcome.Sent, "f0");
        yield return outcome.ServerProcessor is { } server ? Number(server.TotalMicroseconds / outcome.Sent, "f0") : "–";
        yield return Ends(outcome);
    }

    static string Name(LoadOutcome outcome) => outcome.Clients is { } clients ? $"{clients} {(clients == 1 ? "client" : "clients")}"
        : $"{Number(outcome.Rate!.Value, "f1")} requests/s";

    /// <summary>How all requests ended: by status, then those without an answer.</summary>
    static string Ends(LoadOutcome outcome) => string.Join(", ", [
        .. outcome.ByStatus.Select(pair => $"{pair.Key}: {pair.Value}"),
        .. outcome.WithoutAnswer.Select(pair => $"{pair.Key}: {pair.Value}"),
    ]);

    static string Number(double value, string format) => BenchText.Text(value, format);

    static string Milliseconds(double value) => double.IsNaN(value) ? "–" : Number(value, "f1");
}
