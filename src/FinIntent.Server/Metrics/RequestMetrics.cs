using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FinIntent.Server.Metrics;

/// <summary>Counts and times every request, those refused before their route ran, too.</summary>
sealed class RequestMetrics
{
    /// <summary>The adapter for which the request is; null where it needs none.</summary>
    public string? Adapter { get; set; }

    /// <summary>Returns this request's metrics, into which a route writes the adapter.</summary>
    public static RequestMetrics Of(HttpContext context) => context.Features.Get<RequestMetrics>() ?? new();

    /// <summary>Returns the template of the request's route, which is safe as a label; null where no route matched.</summary>
    public static string? RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;

    /// <summary>Stands first in the pipeline, so that it sees every status.</summary>
    public static void Use(IApplicationBuilder app, ServerMetrics metrics) => app.Use(async (context, next) =>
    {
        var (start, request) = (Stopwatch.GetTimestamp(), new RequestMetrics());
        context.Features.Set(request);
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
            metrics.Request(RouteOf(context), request.Adapter, code, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    });
}
