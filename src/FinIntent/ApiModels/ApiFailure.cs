namespace FinIntent.ApiModels;

/// <summary>A request that brought no answer. Its message names the endpoint, holds no key, and ends a run when no other attempt can help.</summary>
sealed class ApiFailure(string message, bool isFinal = false) : Exception(message)
{
    /// <summary>The same request would fail again.</summary>
    public bool IsFinal { get; } = isFinal;

    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The server would not answer this question, as a filter of contents does: that is its answer.</summary>
    public bool IsRefusal { get; init; }

    /// <summary>The request may have reached the model all the same: nothing says that it was turned away.</summary>
    public bool MayBeCharged { get; init; }
}
