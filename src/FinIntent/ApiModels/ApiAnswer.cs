using Microsoft.Extensions.AI;

namespace FinIntent.ApiModels;

/// <summary>What an API model wrote, and what it took.</summary>
/// <param name="Finish">The reason why it ends: null at its own end, else length, content_filter or the server's word.</param>
/// <param name="InputTokens">The prompt's tokens, cached ones included; null when the server does not tell.</param>
/// <param name="Time">The time of the attempt that succeeded.</param>
sealed record ApiAnswer(string Text, string? Finish, long? InputTokens, long? OutputTokens, TimeSpan Time)
{
    public static ApiAnswer Of(ChatResponse response, TimeSpan time)
    {
        if (response.Text.Length == 0 && response.FinishReason is null)
            throw new FormatException("the answer has neither text nor a reason why it ended");
        var finish = response.FinishReason == ChatFinishReason.Stop ? null : response.FinishReason?.Value;
        return new(response.Text, finish, response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount, time);
    }
}
