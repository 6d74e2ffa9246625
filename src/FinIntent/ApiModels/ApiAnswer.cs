using Microsoft.Extensions.AI;

namespace FinIntent.ApiModels;

/// <summary>What an API model wrote, and what it took.</summary>
/// <param name="Finish">Why it ends: null at its end, else length, content_filter or the server's word.</param>
/// <param name="InputTokens">Null when the server does not tell; cached ones included.</param>
/// <param name="Time">Of the attempt that succeeded.</param>
sealed record ApiAnswer(string Text, string? Finish, long? InputTokens, long? OutputTokens, TimeSpan Time)
{
    public static ApiAnswer Of(ChatResponse response, TimeSpan time)
    {
        if (response.Text.Length == 0 && response.FinishReason is null) throw new FormatException("the answer has neither text nor a reason why it ended");
        var finish = response.FinishReason == ChatFinishReason.Stop ? null : response.FinishReason?.Value;
        return new(response.Text, finish, response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount, time);
    }
}
