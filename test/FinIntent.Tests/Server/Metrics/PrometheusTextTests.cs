using FinIntent.Server.Metrics;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

public sealed class PrometheusTextTests
{
    /// <summary>Names by OpenTelemetry's rules for Prometheus, and those that promtool's linter refuses otherwise.</summary>
    [Theory]
    [InlineData("finintent.request.duration", "s", false, "finintent_request_duration_seconds")]
    [InlineData("finintent.requests", "{request}", true, "finintent_requests_total")]
    [InlineData("finintent.device.memory", "By", false, "finintent_device_memory_bytes")]
    [InlineData("dotnet.gc.heap.total_allocated", "By", true, "dotnet_gc_heap_total_allocated_bytes_total")]
    [InlineData("dotnet.assembly.count", "{assembly}", false, "dotnet_assembly_number")]
    [InlineData("queue_seconds", "s", false, "queue_seconds")]
    [InlineData("share", "1", false, "share")]
    [InlineData("9.lives", "", false, "_9_lives")]
    public void A_name_gets_its_unit_and_what_its_kind_asks_for(string name, string unit, bool isCounter, string expected) =>
        Assert.Equal(expected, PrometheusName.Of(name, unit, isCounter));

    [Fact]
    public async Task Quotes_backslashes_and_line_ends_in_a_label_are_escaped()
    {
        const string Label = "a \"quoted\" \\n C:\\new\nline 余额 😀";
        using MetricsFixture host = new();
        host.Metrics.Serves("cards", [Label]);

        host.Metrics.Answer("cards", Label, 0.5, null);

        Assert.Equal(1, (await host.Scrape()).Value("finintent_intent_total", ("label", Label)));
        Assert.Contains("""{adapter="cards",label="a \"quoted\" \\n C:\\new\nline 余额 😀"} 1""", await host.Text());
    }

    [Fact]
    public async Task The_runtime_and_the_process_are_told_of()
    {
        using MetricsFixture host = new();

        var families = (await host.Scrape()).Families;

        Assert.All(["dotnet_process_cpu_time_seconds_total", "dotnet_process_memory_working_set_bytes", "dotnet_gc_collections_total",
            "dotnet_gc_pause_time_seconds_total", "dotnet_thread_pool_queue_length"], name => Assert.Contains(name, families.Keys));
    }

    [Fact]
    public async Task Hosts_of_one_process_do_not_see_each_others_metrics()
    {
        using MetricsFixture first = new(), second = new();
        first.Metrics.Serves("cards", ["fees"]);

        first.Metrics.Answer("cards", "fees", 0.9, null);
        second.Metrics.Forward(4, 400);

        Assert.Empty((await second.Scrape()).Samples("finintent_intent_total"));
        Assert.Empty((await first.Scrape()).Samples("finintent_batch_rows_count"));
        Assert.Equal(1, (await first.Scrape()).Value("finintent_intent_total", ("label", "fees")));
    }

    [Fact]
    public async Task Scrapes_during_traffic_are_whole_and_never_go_back_and_nothing_is_lost()
    {
        const int Writers = 4, Calls = 20_000;
        using MetricsFixture host = new();
        Traffic.Begin(host.Metrics);
        var traffic = Task.WhenAll(Enumerable.Range(0, Writers).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < Calls; i++)
            {
                host.Metrics.Request(Traffic.Classify, Traffic.Adapter, 200, 0.01 * (i % 100));
                host.Metrics.Answer(Traffic.Adapter, "fees", i % 100 / 100d, null);
            }
        }, TestContext.Current.CancellationToken)));
        var scrapers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            var (seen, scrapes) = (0d, 0);
            while (!traffic.IsCompleted || scrapes == 0)
            {
                var count = (await host.Scrape()).Samples("finintent_request_duration_seconds_count").Sum(sample => sample.Value);
                Assert.True(count >= seen, $"{count} follows {seen}");
                (seen, scrapes) = (count, scrapes + 1);
            }
            return scrapes;
        })).ToList();

        await traffic;
        Assert.All(await Task.WhenAll(scrapers), scrapes => Assert.NotEqual(0, scrapes));

        var text = await host.Scrape();
        Assert.Equal(Writers * Calls, text.Value("finintent_requests_total", ("code", "200")));
        Assert.Equal(Writers * Calls, text.Value("finintent_intent_total", ("adapter", "cards"), ("label", "fees")));
        Assert.Equal(Writers * Calls, text.Value("finintent_confidence_count", ("adapter", "cards")));
    }

    [Fact]
    public async Task A_server_without_a_request_writes_vLLMs_counters_as_zero_and_no_empty_histogram()
    {
        using MetricsFixture host = new(hasVllmNames: true);

        var text = await host.Scrape();

        Assert.Equal(0, text.Value("vllm:request_success_total"));
        Assert.Equal(0, text.Value("vllm:num_requests_waiting"));
        Assert.Empty(text.Samples("vllm:e2e_request_latency_seconds_count"));
    }

    [Fact]
    public async Task VLLMs_names_are_written_where_asked_with_the_sums_of_all_adapters()
    {
        using MetricsFixture host = new(hasVllmNames: true), plain = new();
        Traffic.Begin(host.Metrics);
        Traffic.Round(host.Metrics);
        host.Metrics.Request(Traffic.Classify, Traffic.Shadow, 200, 0.03);
        host.Metrics.Request("/health/live", null, 200, 0.0001);

        var text = await host.Scrape();

        (string, string) model = ("model_name", "finintent-8m");
        Assert.Equal(2, text.Value("vllm:num_requests_running", model));
        Assert.Equal(5 - 2, text.Value("vllm:num_requests_waiting", model));
        Assert.Equal(360, text.Value("vllm:prompt_tokens_total", model));
        Assert.Equal(360, text.Value("vllm:prefix_cache_queries_total", model));
        Assert.Equal(240, text.Value("vllm:prefix_cache_hits_total", model));
        Assert.Equal(4, text.Value("vllm:request_success_total", model, ("finished_reason", "stop")));
        Assert.Equal(5, text.Value("vllm:e2e_request_latency_seconds_count", model));
        Assert.Equal(0.012 * 3 + 0.02 + 0.03, text.Value("vllm:e2e_request_latency_seconds_sum", model), 12);
        Assert.Equal(3, text.Value("vllm:request_queue_time_seconds_count", model));
        Assert.DoesNotContain("vllm:", await plain.Text());
    }
}
