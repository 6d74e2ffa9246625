using System.Net;
using FinIntent.Server.Metrics;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

public sealed class MetricsEndpointTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_text_is_served_as_the_version_that_Prometheus_reads()
    {
        await using var server = await MetricsServer.Start();

        using var answer = await server.Client.GetAsync("/metrics", Stop);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", answer.Content.Headers.ContentType?.ToString());
        Assert.Contains("finintent_build_info", Exposition.Parse(await answer.Content.ReadAsStringAsync(Stop)).Families.Keys);
    }

    [Fact]
    public async Task Every_request_is_counted_by_the_template_of_its_route_and_its_status()
    {
        await using var server = await MetricsServer.Start();
        server.Metrics.Serves("cards", []);

        string[] paths = ["/answer/200?adapter=cards", "/answer/429?adapter=cards", "/answer/503?adapter=unheard-of", "/fails",
            "/no/such/route", "/answer/nothing"];
        foreach (var path in paths) (await server.Client.GetAsync(path, Stop)).Dispose();
        var text = await server.Scrape();

        Assert.Equal(1, text.Value("finintent_requests_total", ("route", "/answer/{code:int}"), ("adapter", "cards"), ("code", "200")));
        Assert.Equal(1, text.Value("finintent_requests_total", ("route", "/answer/{code:int}"), ("adapter", "cards"), ("code", "429")));
        Assert.Equal(1, text.Value("finintent_requests_total", ("route", "/answer/{code:int}"), ("adapter", "other"), ("code", "503")));
        Assert.Equal(1, text.Value("finintent_requests_total", ("route", "/fails"), ("adapter", "none"), ("code", "500")));
        Assert.Equal(2, text.Value("finintent_requests_total", ("route", "other"), ("adapter", "none"), ("code", "404")));
    }

    [Fact]
    public async Task Many_scrape_at_once_and_each_gets_a_whole_text()
    {
        await using var server = await MetricsServer.Start();
        Traffic.Begin(server.Metrics);
        Traffic.Round(server.Metrics);

        var texts = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => server.Scrape()));

        Assert.All(texts, text => Assert.Equal(3, text.Value("finintent_requests_total", ("route", Traffic.Classify), ("code", "200"))));
    }

    [Fact]
    public async Task A_gauge_that_throws_costs_its_own_series_and_no_other()
    {
        await using var server = await MetricsServer.Start();
        server.Metrics.DeviceMemory = () => throw new InvalidOperationException("the device is lost");

        var text = await server.Scrape();

        Assert.DoesNotContain("finintent_device_memory_bytes", text.Families.Keys);
        Assert.Contains("finintent_build_info", text.Families.Keys);
    }
}
