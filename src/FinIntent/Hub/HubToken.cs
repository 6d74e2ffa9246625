namespace FinIntent.Hub;

/// <summary>What opens gated and private repositories. Nothing prints it: it has no text of its own, and <see cref="Redact"/> takes it out of others'.</summary>
/// <param name="origin">Where it is from, for messages: a variable or a file.</param>
sealed class HubToken(string value, string origin)
{
    public string Origin { get; } = origin;

    /// <summary>For the request that it opens, and nothing else.</summary>
    internal string Reveal() => value;

    public string Redact(string text) => text.Replace(value, "[token]", StringComparison.Ordinal);

    public override string ToString() => "[token]";
}
