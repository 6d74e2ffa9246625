using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Errors;

/// <summary>Writes an error in the form that the clients of a family of routes read. It is put on routes as metadata.</summary>
/// <param name="Body">Makes the body of an error.</param>
sealed record ErrorForm(Func<ServerError, JsonObject> Body)
{
    /// <summary>{"error": {"message", "type", "param", "code"}}: OpenAI's, and ours.</summary>
    public static ErrorForm OpenAI { get; } = new(error => new()
    {
        ["error"] = new JsonObject
        {
            ["message"] = error.Message,
            ["type"] = error.Type,
            ["param"] = error.Param,
            ["code"] = error.Code,
        },
    });

    /// <summary>{"error", "error_type"}: that of text-embeddings-inference.</summary>
    public static ErrorForm Tei { get; } = new(error => new()
    {
        ["error"] = error.Message,
        ["error_type"] = error.Status switch
        {
            429 => "Overloaded",
            503 => "Unhealthy",
            >= 500 => "Backend",
            _ => "Validation",
        },
    });

    /// <summary>{"error": "…"}: Ollama's.</summary>
    public static ErrorForm Ollama { get; } = new(error => new() { ["error"] = error.Message });

    /// <summary>The form of the route that a request came to; OpenAI's where it came to none.</summary>
    public static ErrorForm Of(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<ErrorForm>() ?? OpenAI;
}
