namespace FinIntent.ApiModels;

/// <summary>A request has brought no answer. The message names the endpoint and holds no key; a final failure ends a run.</summary>
/// <param name="isFinal">True: no other attempt can help.</param>
sealed class ApiFailure(string message, bool isFinal = false) : Exception(message)
{
    /// <summary>Whether the same request would fail again.</summary>
    public bool IsFinal { get; } = isFinal;

    /// <summary>The time that the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the question is too long for the model: shorter ones may be answered.</summary>
    public bool IsTooLong { get; init; }

    /// <summary>Whether the request may have reached the model all the same, since nothing says that it was turned away.</summary>
    public bool MayBeCharged { get; init; }
}
