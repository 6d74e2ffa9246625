namespace FinIntent.ApiModels;

/// <summary>What an API model wrote, and what it took.</summary>
/// <param name="Text">The answer; "" where it was refused or is empty.</param>
/// <param name="Finish">Why it ended, as <see cref="FinishWord"/> has it; null: by itself.</param>
/// <param name="InputTokens">The prompt's tokens, cached ones included; null when the server does not tell.</param>
/// <param name="Time">The time of the attempt that succeeded.</param>
sealed record ApiAnswer(string Text, string? Finish, long? InputTokens, long? OutputTokens, TimeSpan Time);
