using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Serving;

/// <summary>Collects what is told of a request when it has ended. Routes fill it, and <see cref="Of"/> finds it.</summary>
sealed class RequestRecord
{
    /// <summary>The name of what answered; null while none was found.</summary>
    public string? Adapter { get; set; }
    public TimeSpan Tokenized { get; set; }
    public TimeSpan Queued { get; set; }
    public TimeSpan Computed { get; set; }

    public static RequestRecord Of(HttpContext context)
    {
        if (context.Features.Get<RequestRecord>() is { } record) return record;
        context.Features.Set(record = new());
        return record;
    }
}
