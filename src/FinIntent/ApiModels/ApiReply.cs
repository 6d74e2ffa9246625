namespace FinIntent.ApiModels;

/// <summary>What one HTTP answer says, in words that all servers share.</summary>
/// <param name="Status">The HTTP status; where that is 200 and the body is an error with a status of its own, that one.</param>
/// <param name="Host">The server's name.</param>
sealed record ApiReply(int Status, string Host)
{
    /// <summary>The time that the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The error's message; null: it is an answer.</summary>
    public string? Error { get; init; }

    /// <summary>The error's codes, types and status, as far as it has them.</summary>
    public IReadOnlyList<string> Codes { get; init; } = [];

    /// <summary>The answer's text; "" where its place is empty.</summary>
    public string Text { get; init; } = "";

    /// <summary>The field that has text where the answer's place is empty; null: none has.</summary>
    public string? Field { get; init; }

    /// <summary>Whether the model, or a filter before it, says that it refuses.</summary>
    public bool IsRefused { get; init; }

    /// <summary>The server's word for why the answer ended.</summary>
    public string? Finish { get; init; }

    public long? InputTokens { get; init; }

    public long? OutputTokens { get; init; }

    /// <summary>Says what this comes to, and with which remedy.</summary>
    /// <returns>The word is the one that files have for it (<see cref="FinishWord"/>).</returns>
    public (ApiOutcome Outcome, ApiRemedy Remedy, string? Word) Judge()
    {
        if (Error is not null)
        {
            var rule = OutcomeRule.OfError(this);
            return (rule.Outcome, rule.Remedy, rule.Outcome == ApiOutcome.Refused ? FinishWord.ContentFilter : null);
        }
        var end = OutcomeRule.OfFinish(this)?.Outcome;
        if (IsRefused) end = ApiOutcome.Refused;
        return end switch
        {
            ApiOutcome.Refused => (ApiOutcome.Refused, ApiRemedy.None, FinishWord.ContentFilter),
            ApiOutcome.TryAgain => (ApiOutcome.TryAgain, ApiRemedy.None, Finish),
            ApiOutcome.Cut => (ApiOutcome.Cut, ApiRemedy.None, FinishWord.Length),
            _ when string.IsNullOrWhiteSpace(Text) => (ApiOutcome.Empty, ApiRemedy.None, FinishWord.EmptyWith(Field)),
            ApiOutcome.Answer => (ApiOutcome.Answer, ApiRemedy.None, null),
            _ => (ApiOutcome.Answer, ApiRemedy.None, string.IsNullOrWhiteSpace(Finish) ? null : Finish.Trim()),
        };
    }
}
