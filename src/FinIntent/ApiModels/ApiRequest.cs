namespace FinIntent.ApiModels;

/// <summary>How answers are asked for; what is null is left to the server.</summary>
/// <param name="MaxTokens">The most tokens of an answer; a thinking model's thoughts count.</param>
sealed record ApiRequest(int MaxTokens)
{
    public double? Temperature { get; init; }
    public double? TopP { get; init; }
    public int? Seed { get; init; }
    public IReadOnlyList<string> StopWords { get; init; } = [];
}
