using FinIntent.Files;

namespace FinIntent.Server.Load;

/// <summary>Holds everything that a run of `finintent bench serve` measured.</summary>
/// <param name="ClassifyRate">The texts a second of `finintent classify`; null where it was not measured.</param>
sealed record ServeBenchResult(
    Uri Url, LoadPlan Plan, LoadQuestion Question, double? ClassifyRate, IReadOnlyList<LoadOutcome> Outcomes)
{
    static readonly double[] BoundsMs = [1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 500, 1000, 2000, 5000, 10_000];

    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public void WriteJson(string path) => AtomicFile.WriteText(path, JsonSerializer.Serialize(new
    {
        Url,
        Question.Adapters,
        Question.DeadlineMs,
        Arrivals = Plan.Arrivals.ToString(),
        WarmUpSeconds = Plan.Times.WarmUp.TotalSeconds,
        DurationSeconds = Plan.Times.Duration.TotalSeconds,
        Plan.KneeMs,
        ClassifyTextsPerSecond = ClassifyRate,
        Loads = Outcomes.Select(Load),
    }, Json));

    object Load(LoadOutcome outcome) => new
    {
        outcome.Clients,
        outcome.Rate,
        outcome.Sent,
        outcome.AnswersPerSecond,
        OfClassify = outcome.AnswersPerSecond / ClassifyRate,
        P50Ms = outcome.Percentile(0.5),
        P95Ms = outcome.Percentile(0.95),
        P99Ms = outcome.Percentile(0.99),
        MaxMs = outcome.Percentile(1),
        LateP99Ms = outcome.LateMilliseconds,
        outcome.ByStatus,
        outcome.WithoutAnswer,
        outcome.LackingRetry,
        outcome.Counted,
        LoadMicrosecondsPerRequest = outcome.Processor.TotalMicroseconds / outcome.Sent,
        ServerMicrosecondsPerRequest = outcome.ServerProcessor?.TotalMicroseconds / outcome.Sent,
        Histogram = new { UpToMs = BoundsMs, Counts = outcome.Histogram(BoundsMs) },
    };
}
