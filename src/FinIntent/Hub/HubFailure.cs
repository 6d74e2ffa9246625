namespace FinIntent.Hub;

/// <summary>A request that brought nothing. Its message says what to do, and holds no token.</summary>
/// <param name="isFinal">The same request would fail again.</param>
sealed class HubFailure(string message, bool isFinal = false, Exception? inner = null) : Exception(message, inner)
{
    public bool IsFinal { get; } = isFinal;

    /// <summary>How long the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The address's right to be read has run out, as that of a signed one does.</summary>
    public bool IsExpired { get; init; }

    public UserErrorException ToUserError(string before, string after) => new($"{before} {Message}{after}", this);
}
