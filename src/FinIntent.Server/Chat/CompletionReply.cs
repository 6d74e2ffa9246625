using FinIntent.Generation;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using FinIntent.Text;

namespace FinIntent.Server.Chat;

/// <summary>Writes the answer of POST /v1/completions, whole or in pieces.</summary>
/// <param name="model">What the request called the model.</param>
sealed class CompletionReply(ServedVersion version, Tokenizer tokenizer, string? model)
{
    readonly string _id = $"cmpl-{Guid.NewGuid():N}";
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly Dictionary<int, CompletionTokens> _tokens = [];

    /// <summary>Whether tokens are told.</summary>
    public bool TellsTokens { get; init; }

    public CompletionResponseWire Of(IReadOnlyList<CompletionChoiceWire> choices) => new()
    {
        Id = _id,
        Created = _created,
        Model = string.IsNullOrEmpty(model) ? version.Name : model,
        SystemFingerprint = version.Version,
        Choices = choices,
    };

    /// <summary>Writes what follows of a text's continuation.</summary>
    /// <param name="finish">Why it has ended; null where it goes on.</param>
    public CompletionChoiceWire Choice(int index, AnswerPiece piece, string? finish)
    {
        if (!TellsTokens || (piece.Tokens.Count == 0 && piece.Text.Length == 0)) return new(index, piece.Text, null, finish);
        if (!_tokens.TryGetValue(index, out var tokens)) _tokens[index] = tokens = new(tokenizer);
        return new(index, piece.Text, tokens.Next(piece.Tokens), finish);
    }
}
