using System.Security.Cryptography;
using System.Text;
using FinIntent.ApiModels;
using FinIntent.Text;

namespace FinIntent.Authoring;

/// <summary>Prices of a million tokens.</summary>
sealed record TokenPrice(decimal Input, decimal Output)
{
    public static TokenPrice Free { get; } = new(0, 0);

    public decimal Of(long input, long output) => (input * Input + output * Output) / 1_000_000;
}

/// <summary>A prompt on its way to a model.</summary>
/// <param name="Id">The same request has the same one in every run.</param>
/// <param name="Prompt">The prompt's name.</param>
/// <param name="Questions">What a judge is asked about.</param>
sealed record AuthorRequest(string Id, string Prompt, Conversation Conversation, IReadOnlyList<string>? Questions = null)
{
    public string User => Conversation.Messages[0].Content;

    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Conversation.System}\0{User}")));

    /// <summary>Draws of a local model depend on the request, not on when it is asked.</summary>
    public long Seed(int seed) => seed + BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(Id + Sha256)));
}

/// <summary>A model that writes or judges rows.</summary>
/// <param name="Price">Null: not known.</param>
/// <param name="AtOnce">Requests under way at a time.</param>
/// <param name="Ask">Calls the action before an attempt that follows a failed one, with that failure; what the action throws ends the request.</param>
sealed record Author(string Name, int MaxNewTokens, TokenPrice? Price, int AtOnce, Func<AuthorRequest, Action<ApiFailure>, CancellationToken, Task<ApiAnswer>> Ask)
{
    // Around the texts: roles, the template's signs, what a server puts before them.
    const int TokensAround = 256;

    /// <summary>
    /// The most that an attempt can take. A tokenizer that works on bytes, or falls back to them, makes no more tokens than there are bytes of UTF-8,
    /// and the answer is limited by the request.
    /// </summary>
    public Amount Most(AuthorRequest request) => Most(Encoding.UTF8.GetByteCount(request.Conversation.System ?? "") + Encoding.UTF8.GetByteCount(request.User));

    public Amount Most(int promptBytes)
    {
        long input = promptBytes + TokensAround;
        return new(Price?.Of(input, MaxNewTokens) ?? 0, input + MaxNewTokens, 1);
    }

    /// <summary>What an answer took; where the server does not tell its tokens, the most.</summary>
    public Amount Taken(ApiAnswer answer, Amount most) => answer is { InputTokens: { } input, OutputTokens: { } output }
        ? new(Price?.Of(input, output) ?? 0, input + output, 1)
        : most;
}
