using FinIntent.Generation;
using FinIntent.Server.Wire;
using FinIntent.Text;

namespace FinIntent.Server.Chat;

/// <summary>Writes one answer of POST /api/chat in Ollama's form, whole or in lines.</summary>
/// <param name="model">What the request called the model.</param>
/// <param name="start">When the request came, by the clock of <see cref="Stopwatch"/>.</param>
sealed class OllamaReply(Tokenizer tokenizer, string model, long start)
{
    /// <summary>The answer to a request without messages, by which clients have a model loaded.</summary>
    public OllamaChatResponseWire Loaded() => Of(AnswerPiece.Nothing) with { Done = true, DoneReason = "load" };

    public OllamaChatResponseWire Last(AnswerEnd? end, int promptTokens, int tokens, TimeSpan first = default, TimeSpan total = default) =>
        Of(AnswerPiece.Nothing) with
        {
            Done = true,
            DoneReason = ChatReply.FinishOf(end),
            TotalDuration = Nanoseconds(Stopwatch.GetElapsedTime(start)),
            LoadDuration = 0,
            PromptEvalCount = promptTokens,
            PromptEvalDuration = Nanoseconds(first),
            EvalCount = tokens,
            EvalDuration = Nanoseconds(total - first),
        };

    public async IAsyncEnumerable<string> LinesAsync(IAsyncEnumerable<AnswerPiece> pieces, Func<OllamaChatResponseWire> last)
    {
        await foreach (var piece in pieces) yield return Json(Of(piece));
        yield return Json(last());
    }

    public async Task<OllamaChatResponseWire> WholeAsync(IAsyncEnumerable<AnswerPiece> pieces, Func<OllamaChatResponseWire> last)
    {
        StringBuilder text = new();
        List<TokenReading> tokens = [];
        await foreach (var piece in pieces)
        {
            text.Append(piece.Text);
            tokens.AddRange(piece.Tokens);
        }
        var whole = Of(new(text.ToString(), tokens));
        return last() with { Message = whole.Message, Logprobs = whole.Logprobs };
    }

    OllamaChatResponseWire Of(AnswerPiece piece) => new()
    {
        Model = model,
        CreatedAt = OllamaModels.TimeOf(DateTimeOffset.UtcNow),
        Message = new("assistant", piece.Text),
        Logprobs = piece.Tokens.Count == 0 ? null : TokenWires.Of(tokenizer, piece.Tokens),
    };

    static long Nanoseconds(TimeSpan time) => time.Ticks * TimeSpan.NanosecondsPerTick;

    static string Json(OllamaChatResponseWire line) => JsonSerializer.Serialize(line, PlainJson.Ollama.OllamaChatResponseWire);
}
