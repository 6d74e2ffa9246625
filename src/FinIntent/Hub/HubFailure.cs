namespace FinIntent.Hub;

/// <summary>Is a request that brought nothing. Its message says what to do, and holds no token.</summary>
/// <param name="isFinal">Says that the same request would fail again.</param>
sealed class HubFailure(string message, bool isFinal = false, Exception? inner = null) : Exception(message, inner)
{
    public bool IsFinal { get; } = isFinal;

    /// <summary>The time that the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Says that the address may not be read any more, since a signed one expires.</summary>
    public bool IsExpired { get; init; }

    public UserErrorException ToUserError(string before, string after) => new($"{before} {Message}{after}", this);
}
