namespace FinIntent.Hub;

/// <summary>Says what kept a request from being answered, which decides what can be done about it.</summary>
enum HubCause
{
    /// <summary>No answer came, or not all of it.</summary>
    Network,

    /// <summary>The server answered that it cannot answer now.</summary>
    Server,

    /// <summary>The server answered that it has been asked too often.</summary>
    Limit,
}

/// <summary>Is a request that brought nothing. Its message says what to do, and holds no token.</summary>
/// <param name="isFinal">Says that the same request would fail again.</param>
sealed class HubFailure(string message, bool isFinal = false, Exception? inner = null) : Exception(message, inner)
{
    public bool IsFinal { get; } = isFinal;

    public HubCause Cause { get; init; }

    /// <summary>The time that the server asks to wait.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Says that the address may not be read any more, since a signed one expires.</summary>
    public bool IsExpired { get; init; }

    public UserErrorException ToUserError(string before, string after) => new($"{before} {Message}{after}", this);
}
