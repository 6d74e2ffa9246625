namespace FinIntent.Hub;

/// <summary>Opens gated and private repositories. It is never printed: <see cref="Redact"/> takes it out of texts.</summary>
/// <param name="origin">The variable or file that it is from, for messages.</param>
sealed class HubToken(string value, string origin)
{
    public string Origin { get; } = origin;

    /// <summary>Returns the token for the request that it opens, and for nothing else.</summary>
    internal string Reveal() => value;

    public string Redact(string text) => text.Replace(value, "[token]", StringComparison.Ordinal);

    public override string ToString() => "[token]";
}
