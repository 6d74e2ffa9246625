using System.Security.Cryptography;
using FinIntent.ApiModels;
using FinIntent.Text;

namespace FinIntent.Authoring;

/// <summary>The prices of a million tokens.</summary>
sealed record TokenPrice(decimal Input, decimal Output)
{
    public static TokenPrice Free { get; } = new(0, 0);

    public decimal Of(long input, long output) => (input * Input + output * Output) / 1_000_000;
}

/// <summary>A prompt on its way to a model.</summary>
/// <param name="Id">The id, which is the same in every run.</param>
/// <param name="Prompt">The prompt's name.</param>
/// <param name="Questions">The questions that a judge is asked about.</param>
sealed record AuthorRequest(string Id, string Prompt, Conversation Conversation, IReadOnlyList<string>? Questions = null)
{
    public string User => Conversation.Messages[0].Content;
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{Conversation.System}\0{User}")));

    /// <summary>Returns the seed of a local model's draws, which depends on the request and not on when it is asked.</summary>
    public long Seed(int seed) => seed + BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(Id + Sha256)));
}

/// <summary>A model that writes or judges rows.</summary>
/// <param name="Price">The price, or null when it is not known.</param>
/// <param name="AtOnce">The number of requests under way at a time.</param>
/// <param name="Ask">Asks a model. Before an attempt that follows a failed one it calls the action, and what that throws ends it.</param>
sealed record Author(string Name, int MaxNewTokens, TokenPrice? Price, int AtOnce,
    Func<AuthorRequest, Action<ApiFailure>, CancellationToken, Task<ApiAnswer>> Ask)
{
    // These stand around the texts: roles, the template's signs, what a server puts before them.
    const int TokensAround = 256;

    /// <summary>Returns the most that an attempt can take; the request limits the answer.</summary>
    /// <remarks>A tokenizer that works on bytes, or falls back to them, makes no more tokens than there are bytes of UTF-8.</remarks>
    public Amount Most(AuthorRequest request) =>
        Most(Encoding.UTF8.GetByteCount(request.Conversation.System ?? "") + Encoding.UTF8.GetByteCount(request.User));

    /// <summary>Returns the same for a prompt of so many bytes.</summary>
    public Amount Most(int promptBytes)
    {
        long input = promptBytes + TokensAround;
        return new(Price?.Of(input, MaxNewTokens) ?? 0, input + MaxNewTokens, 1);
    }

    /// <summary>Returns what an answer took, or the most where the server does not tell its tokens.</summary>
    public Amount Taken(ApiAnswer answer, Amount most) => answer is { InputTokens: { } input, OutputTokens: { } output }
        ? new(Price?.Of(input, output) ?? 0, input + output, 1) : most;
}
