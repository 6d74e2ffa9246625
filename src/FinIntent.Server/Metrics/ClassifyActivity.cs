namespace FinIntent.Server.Metrics;

/// <summary>A span of a classification, with the attributes that OpenTelemetry names for generative AI and never the text.</summary>
/// <remarks>
/// Source: semantic-conventions-genai, gen-ai-spans.md@004902b, whose status is Development. Without a listener a span is null and costs a
/// look at a flag.
/// </remarks>
static class ClassifyActivity
{
    public const string SourceName = "FinIntent";

    static readonly ActivitySource Source = new(SourceName, typeof(ClassifyActivity).Assembly.GetName().Version?.ToString(3));

    /// <param name="model">The adapter or base that the caller asked for and that is served.</param>
    public static Activity? Start(string model) => Source.StartActivity($"classify {model}")?
        .SetTag("gen_ai.operation.name", "classify").SetTag("gen_ai.provider.name", "finintent").SetTag("gen_ai.request.model", model);

    /// <param name="version">The version of the adapter that answered.</param>
    public static void Answered(this Activity? activity, string version, int rows, int tokens) => activity?
        .SetTag("gen_ai.response.model", version).SetTag("gen_ai.usage.input_tokens", tokens).SetTag("finintent.rows", rows);

    /// <param name="error">A word for the kind of error: its text may hold what the caller wrote.</param>
    public static void Failed(this Activity? activity, string error) =>
        activity?.SetTag("error.type", error).SetStatus(ActivityStatusCode.Error);
}
