using FinIntent.Generation;
using FinIntent.Server.Serving;
using FinIntent.Server.Wire;
using FinIntent.Text;

namespace FinIntent.Server.Chat;

/// <summary>Writes one answer of POST /v1/chat/completions in OpenAI's form, whole or in pieces.</summary>
/// <param name="model">What the request called the model.</param>
sealed class ChatReply(ServedVersion version, Tokenizer tokenizer, string? model)
{
    readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    readonly string _model = string.IsNullOrEmpty(model) ? version.Name : model;

    /// <summary>Whether tokens are told.</summary>
    public bool TellsTokens { get; init; }

    public ChatResponseWire Whole(AnswerPiece answer, string finish, UsageWire usage) => new()
    {
        Id = _id,
        Created = _created,
        Model = _model,
        SystemFingerprint = version.Version,
        Choices = [new(0, new("assistant", answer.Text), LogprobsOf(answer.Tokens), finish)],
        Usage = usage,
    };

    /// <summary>Returns the chunks of an answer as JSON texts.</summary>
    /// <param name="ended">Is asked behind the last piece: why the answer ended, and its usage, null unless it is to be told.</param>
    /// <param name="choices">What is told with the last piece of an answer that was chosen; null for others.</param>
    public async IAsyncEnumerable<string> ChunksAsync(
        IAsyncEnumerable<AnswerPiece> pieces, Func<(string Finish, UsageWire? Usage)> ended, ChoicesWire? choices = null)
    {
        yield return Json(Chunk(new() { Role = "assistant", Content = "" }, []));
        await foreach (var piece in pieces) yield return Json(Chunk(new() { Content = piece.Text }, piece.Tokens));
        var (finish, usage) = ended();
        yield return Json(Chunk(new(), [], finish) with { Finintent = choices });
        if (usage is not null) yield return Json(Chunk(new(), []) with { Choices = [], Usage = usage });
    }

    ChatChunkWire Chunk(DeltaWire delta, IReadOnlyList<TokenReading> tokens, string? finish = null) => new()
    {
        Id = _id,
        Created = _created,
        Model = _model,
        SystemFingerprint = version.Version,
        Choices = [new(0, delta, tokens.Count == 0 ? null : LogprobsOf(tokens), finish)],
    };

    LogprobsWire? LogprobsOf(IReadOnlyList<TokenReading> tokens) => TellsTokens ? new(TokenWires.Of(tokenizer, tokens)) : null;

    static string Json(ChatChunkWire chunk) => JsonSerializer.Serialize(chunk, PlainJson.OpenAI.ChatChunkWire);

    /// <summary>OpenAI's word for the end of an answer.</summary>
    public static string FinishOf(AnswerEnd? end) => end == AnswerEnd.Length ? "length" : "stop";
}
