using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Protection;

/// <summary>Says why a request is answered before it reaches a route.</summary>
/// <param name="Code">A word for programs, such as invalid_api_key.</param>
sealed record Refusal(int Status, string Code, string Message)
{
    /// <summary>When to try again; null where that would not help.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>Writes a refusal as the answer, in the form of the route that was asked for.</summary>
delegate Task RefusalWriter(HttpContext context, Refusal refusal);
