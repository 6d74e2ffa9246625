using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Metrics;

/// <summary>Keeps the metrics and the rest on ports of their own, whatever a request calls the server by.</summary>
static class MetricsPort
{
    public const string Path = "/metrics";

    /// <summary>Answers 404 to /metrics on another port, and to all else on this one. It stands before routing.</summary>
    public static void UseMetricsPort(this IApplicationBuilder app, int port) => app.Use((context, next) =>
    {
        if (context.Connection.LocalPort == port == (context.Request.Path == Path)) return next(context);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    });
}
