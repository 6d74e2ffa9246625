using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Audit;

/// <summary>Says who did, or tried to do, what to an adapter.</summary>
/// <param name="Action">The request's method: PUT loads or replaces, DELETE removes.</param>
/// <param name="Adapter">The adapter's name as it was sent; null where the route has none.</param>
sealed record AuditEntry(string Action, string? Adapter)
{
    const int MostCharacters = 128;

    /// <summary>Says who asks; the caller adds what came of it.</summary>
    public static AuditEntry Of(HttpContext context, string? adapter, string outcome) => new(context.Request.Method, adapter)
    {
        Key = context.User.Identity?.Name,
        RemoteAddress = context.Connection.RemoteIpAddress?.ToString(),
        Outcome = outcome,
    };

    /// <summary>The adapter's name, cut where a caller sends a long one.</summary>
    public string? Adapter { get; } = Adapter is { Length: > MostCharacters } ? Adapter[..MostCharacters] : Adapter;

    /// <summary>The name of the key; null where none, or an unknown one, was sent.</summary>
    public string? Key { get; init; }

    /// <summary>The digest of the version that was served before; null where there was none.</summary>
    public string? Before { get; init; }

    /// <summary>The digest of the version that is served after it; null where there is none.</summary>
    public string? After { get; init; }

    /// <summary>ok, refused (no right to it) or failed.</summary>
    public required string Outcome { get; init; }

    /// <summary>Why it failed; null where it did not.</summary>
    public string? Error { get; init; }
    public string? RemoteAddress { get; init; }

    /// <summary>The line that is logged and written.</summary>
    /// <param name="unwritten">How many refusals before it have no line.</param>
    public byte[] ToJsonLine(DateTimeOffset time, int unwritten)
    {
        JsonObject line = new()
        {
            ["time"] = time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
            ["key"] = Key,
            ["action"] = Action,
            ["adapter"] = Adapter,
            ["version_before"] = Before,
            ["version_after"] = After,
            ["outcome"] = Outcome,
            ["error"] = Error,
            ["remote_address"] = RemoteAddress,
        };
        if (unwritten > 0) line["refusals_without_line"] = unwritten;
        return Encoding.UTF8.GetBytes(line.ToJsonString()); // the strict encoder: no caller's character can move a terminal's cursor
    }
}
