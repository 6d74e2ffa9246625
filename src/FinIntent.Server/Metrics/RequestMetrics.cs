using FinIntent.Server.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Metrics;

/// <summary>Counts and times every request, those refused before their route ran, too.</summary>
static class RequestMetrics
{
    /// <summary>Returns the template of the request's route, which is safe as a label; null where no route matched.</summary>
    public static string? RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;

    /// <summary>Stands first in the pipeline, so that it sees every status.</summary>
    public static void UseRequestMetrics(this IApplicationBuilder app, ServerMetrics metrics) => app.Use(async (context, next) =>
    {
        var (start, record) = (Stopwatch.GetTimestamp(), RequestRecord.Of(context));
        var code = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context).ConfigureAwait(false);
            code = context.Response.StatusCode;
        }
        finally
        {
            // Whoever closes the connection gets no status: 499 is nginx's name for it.
            if (context.RequestAborted.IsCancellationRequested) code = StatusCodes.Status499ClientClosedRequest;
            var route = RouteOf(context);
            metrics.Request(route, record.Adapter, code, Stopwatch.GetElapsedTime(start).TotalSeconds);
            if (record.Computed > TimeSpan.Zero) metrics.Phases(route, record.Adapter,
                new(record.Tokenized.TotalSeconds, record.Queued.TotalSeconds, record.Computed.TotalSeconds));
        }
    });
}
