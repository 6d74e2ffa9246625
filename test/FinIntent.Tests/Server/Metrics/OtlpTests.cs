using System.Net;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

public sealed class OtlpTests
{
    [Fact]
    public async Task Metrics_and_spans_go_to_the_collector_that_was_named()
    {
        await using var collector = await OtlpCollector.Start();
        await using (var server = await MetricsServer.Start(new() { OtlpEndpoint = collector.Address }))
        {
            Traffic.Begin(server.Metrics);
            Traffic.Round(server.Metrics);
            (await server.Client.GetAsync("/answer/200?adapter=cards", TestContext.Current.CancellationToken)).Dispose();
            (await server.Client.GetAsync("/metrics", TestContext.Current.CancellationToken)).Dispose();
        }

        var (metrics, spans) = (collector.Metrics, collector.Spans);
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

    [Fact]
    public async Task What_a_real_server_sends_tells_of_the_classification_and_has_no_text()
    {
        const string Text = "怎么开户";
        await using var collector = await OtlpCollector.Start();
        var server = await RunningServer.StartAsync(new() { Otlp = collector.Address });
        var (status, _) = await server.PostAsync(Traffic.Classify, $$"""{"input": "{{Text}}", "id": "{{Text}}"}""");
        await server.PostAsync($"{Traffic.Classify}?q={Text}", $$"""{"input": ["{{Text}}"], "adapter": "{{Text}}"}""");
        var metrics = await server.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        await server.DisposeAsync();

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("classify finintent-8m", collector.Spans);
        Assert.Contains("gen_ai.usage.input_tokens", collector.Spans);
        Assert.Contains("finintent.intent", collector.Metrics);
        Assert.All([metrics, collector.Spans, collector.Metrics], sent =>
        {
            Assert.DoesNotContain(Text, sent);
            Assert.DoesNotContain(Uri.EscapeDataString(Text), sent, StringComparison.OrdinalIgnoreCase);
        });
    }
}
