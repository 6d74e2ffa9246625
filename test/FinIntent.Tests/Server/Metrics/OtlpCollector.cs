using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace FinIntent.Tests.Server.Metrics;

/// <summary>Takes what is sent by OTLP over gRPC and keeps the bytes.</summary>
sealed class OtlpCollector : IAsyncDisposable
{
    readonly WebApplication _app;
    readonly ConcurrentQueue<(string Path, byte[] Body)> _sent = new();

    OtlpCollector()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.Run(Take);
    }

    /// <summary>The metrics that were sent, their strings readable among the rest.</summary>
    public string Metrics => Sent("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");

    /// <summary>The spans that were sent.</summary>
    public string Spans => Sent("/opentelemetry.proto.collector.trace.v1.TraceService/Export");

    public Uri Address => new(_app.Urls.First());

    public static async Task<OtlpCollector> Start()
    {
        OtlpCollector collector = new();
        await collector._app.StartAsync();
        return collector;
    }

    string Sent(string path) => string.Concat(
        _sent.Where(call => call.Path == path).Select(call => Encoding.UTF8.GetString(call.Body)));

    async Task Take(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        _sent.Enqueue((context.Request.Path, body.ToArray()));
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.WriteAsync(new byte[5]); // one message of no bytes
        context.Response.AppendTrailer("grpc-status", "0");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
