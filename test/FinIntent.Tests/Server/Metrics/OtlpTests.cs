using System.Collections.Concurrent;
using System.Net;
using System.Text;
using FinIntent.Server.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

public sealed class OtlpTests
{
    const string MetricsService = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        TraceService = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

    [Fact]
    public async Task Metrics_and_spans_go_to_the_collector_that_was_named()
    {
        await using var collector = await Collector.Start();
        await using (var server = await MetricsServer.Start(new("finintent-8m") { OtlpEndpoint = collector.Address }))
        {
            Traffic.Begin(server.Metrics);
            Traffic.Round(server.Metrics);
            (await server.Client.GetAsync("/answer/200?adapter=cards", TestContext.Current.CancellationToken)).Dispose();
            (await server.Client.GetAsync("/metrics", TestContext.Current.CancellationToken)).Dispose();
        }

        var (metrics, spans) = (collector.Sent(MetricsService), collector.Sent(TraceService));
        Assert.All(["finintent.requests", "finintent.confidence", "dotnet.gc.collections", "http.server.request.duration"],
            name => Assert.Contains(name, metrics));
        Assert.All(["gen_ai.operation.name", "classify cards", "gen_ai.usage.input_tokens", "GET /answer/{code:int}"],
            word => Assert.Contains(word, spans));
        Assert.DoesNotContain("GET /metrics", spans);
    }

    [Fact]
    public async Task Without_a_collector_nothing_is_traced()
    {
        await using var server = await MetricsServer.Start();

        Assert.Null(server.Services.GetService<TracerProvider>());
    }

    /// <summary>Takes what is sent by OTLP over gRPC and keeps the bytes.</summary>
    sealed class Collector : IAsyncDisposable
    {
        readonly WebApplication _app;
        readonly ConcurrentQueue<(string Path, byte[] Body)> _sent = new();

        Collector()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel =>
                kestrel.Listen(IPAddress.Loopback, 0, port => port.Protocols = HttpProtocols.Http2));
            _app = builder.Build();
            _app.Run(Take);
        }

        public Uri Address => new(_app.Urls.First());

        public static async Task<Collector> Start()
        {
            Collector collector = new();
            await collector._app.StartAsync();
            return collector;
        }

        /// <summary>All that was sent to a service, its strings readable among the rest.</summary>
        public string Sent(string path) => string.Concat(
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
}
