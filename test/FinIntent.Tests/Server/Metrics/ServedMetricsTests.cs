using System.Net;
using System.Net.Sockets;
using FinIntent.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

/// <summary>The metrics of the real server, of requests to its real routes.</summary>
public sealed class ServedMetricsTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Requests_texts_and_intents_that_were_answered_are_those_that_are_counted()
    {
        await using var server = await RunningServer.StartAsync();
        for (var i = 0; i < 5; i++) await server.PostAsync(Traffic.Classify, """{"input": ["怎么开户", "大盘怎么样", "基金定投好不好"]}""");
        await server.PostAsync(Traffic.Classify, """{"input": "怎么开户", "adapter": "nothing-of-the-kind"}""");
        await server.PostAsync(Traffic.Classify, """{"input": []}""");

        var text = await Scrape(server.Client);

        (string, string) route = ("route", Traffic.Classify), model = ("adapter", "finintent-8m");
        Assert.Equal(5, text.Value("finintent_requests_total", route, model, ("code", "200")));
        Assert.Equal(1, text.Value("finintent_requests_total", route, ("code", "404")));
        Assert.Equal(15, text.Samples("finintent_intent_total", model).Sum(sample => sample.Value));
        Assert.Equal(0, text.Samples("finintent_intent_total", model, ("label", "other")).Sum(sample => sample.Value));
        Assert.Equal(15, text.Value("finintent_confidence_count", model));
        Assert.Equal(5, text.Value("finintent_queue_duration_seconds_count", route, model));
        Assert.True(text.Value("finintent_batch_rows_sum") >= 15, "forwards have the texts");
        Assert.True(text.Value("finintent_prompt_tokens_total", model) > 15, "a text has tokens");
        Assert.Equal(1, text.Value("finintent_ready"));
        Assert.Equal(0, text.Value("finintent_rejected_total", ("reason", "queue_full")));
        Assert.Equal(0, text.Value("finintent_queue_rows"));
        Assert.Equal(512, text.Value("finintent_queue_rows_limit"));
        Assert.NotEmpty(text.Samples("finintent_device_memory_bytes"));
    }

    [Fact]
    public async Task A_server_without_its_model_says_that_it_is_not_ready()
    {
        await using var server = IntentServer.Create(new() { Port = 0 }, Quiet);
        await server.StartAsync(Stop);
        using HttpClient client = new() { BaseAddress = server.Address };

        Assert.Equal(0, (await Scrape(client)).Value("finintent_ready"));
    }

    [Fact]
    public async Task A_port_for_the_metrics_has_them_alone_and_the_other_has_them_not()
    {
        var port = FreePort();
        await using var server = IntentServer.Create(new() { Port = 0, MetricsPort = port }, Quiet);
        await server.StartAsync(Stop);
        using HttpClient main = new() { BaseAddress = server.Address }, metrics = new() { BaseAddress = new($"http://127.0.0.1:{port}") };

        Assert.Contains("finintent_build_info", (await Scrape(metrics)).Families.Keys);
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(metrics, "/health/live"));
        Assert.Equal(HttpStatusCode.OK, await StatusOf(main, "/health/live"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusOf(main, "/metrics"));
        using HttpRequestMessage disguised = new(HttpMethod.Get, "/metrics") { Headers = { Host = $"127.0.0.1:{port}" } };
        using var answer = await main.SendAsync(disguised, Stop);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    static void Quiet(WebApplicationBuilder builder) => builder.Logging.ClearProviders();

    static async Task<HttpStatusCode> StatusOf(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path, Stop);
        return answer.StatusCode;
    }

    static async Task<Exposition> Scrape(HttpClient client) => Exposition.Parse(await client.GetStringAsync("/metrics", Stop));

    static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
