using FinIntent.Classification;
using FinIntent.Server.Metrics;
using Xunit;

namespace FinIntent.Tests.Server.Metrics;

public sealed class ServerMetricsTests : IDisposable
{
    static readonly double[] DurationBounds =
        [0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, double.PositiveInfinity];

    readonly MetricsFixture _host = new();

    public void Dispose() => _host.Dispose();

    /// <summary>The names, kinds and labels that docs/metrics.md promises.</summary>
    public static TheoryData<string, string, string> Promised => new()
    {
        { "finintent_requests_total", "counter", "adapter code route" },
        { "finintent_request_duration_seconds", "histogram", "adapter le route" },
        { "finintent_queue_duration_seconds", "histogram", "adapter le route" },
        { "finintent_tokenize_duration_seconds", "histogram", "adapter le route" },
        { "finintent_compute_duration_seconds", "histogram", "adapter le route" },
        { "finintent_queue_requests", "gauge", "" },
        { "finintent_queue_rows", "gauge", "" },
        { "finintent_queue_rows_limit", "gauge", "" },
        { "finintent_queue_tokens", "gauge", "" },
        { "finintent_queue_tokens_limit", "gauge", "" },
        { "finintent_running_rows", "gauge", "" },
        { "finintent_ready", "gauge", "" },
        { "finintent_batch_rows", "histogram", "le" },
        { "finintent_batch_tokens", "histogram", "le" },
        { "finintent_batch_halvings_total", "counter", "" },
        { "finintent_forward_failures_total", "counter", "" },
        { "finintent_rejected_total", "counter", "reason" },
        { "finintent_prompt_tokens_total", "counter", "adapter" },
        { "finintent_prefix_reused_tokens_total", "counter", "adapter" },
        { "finintent_intent_total", "counter", "adapter label" },
        { "finintent_confidence", "histogram", "adapter le" },
        { "finintent_abstentions_total", "counter", "adapter reason" },
        { "finintent_adapters_loaded", "gauge", "adapter device" },
        { "finintent_adapter_swap_total", "counter", "adapter change" },
        { "finintent_device_memory_bytes", "gauge", "device" },
        { "finintent_shadow_total", "counter", "adapter agreement shadow" },
        { "finintent_build_info", "gauge", "dotnet version" },
    };

    [Theory, MemberData(nameof(Promised))]
    public async Task A_metric_has_the_kind_and_the_labels_that_the_page_promises(string name, string type, string labels)
    {
        Traffic.Begin(_host.Metrics);
        Traffic.Round(_host.Metrics);

        var family = (await _host.Scrape()).Families[name];

        Assert.Equal(type, family.Type);
        var keys = family.Samples.SelectMany(sample => sample.Labels.Keys).Distinct();
        Assert.Equal(labels, string.Join(' ', keys.Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task The_meter_has_no_metric_that_the_page_does_not_promise()
    {
        Traffic.Begin(_host.Metrics);
        Traffic.Round(_host.Metrics);

        var names = (await _host.Scrape()).Families.Keys.Where(name => name.StartsWith("finintent_", StringComparison.Ordinal));

        Assert.Equal(Promised.Select(row => row.Data.Item1).Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Durations_have_buckets_from_a_millisecond_to_ten_seconds_and_confidence_has_twenty()
    {
        Traffic.Begin(_host.Metrics);
        Traffic.Round(_host.Metrics);

        var text = await _host.Scrape();

        foreach (var phase in (string[])["request", "queue", "tokenize", "compute"])
            Assert.Equal(DurationBounds, Bounds(text, $"finintent_{phase}_duration_seconds_bucket"));
        Assert.Equal([.. Enumerable.Range(1, 20).Select(step => step / 20d), double.PositiveInfinity],
            Bounds(text, "finintent_confidence_bucket"));
    }

    [Fact]
    public async Task What_was_recorded_is_what_is_read()
    {
        Traffic.Begin(_host.Metrics);
        Traffic.Round(_host.Metrics);

        var text = await _host.Scrape();

        Assert.Equal(3, text.Value("finintent_requests_total", ("route", Traffic.Classify), ("adapter", "cards"), ("code", "200")));
        Assert.Equal(1, text.Value("finintent_intent_total", ("label", "查询余额"), ("adapter", "cards")));
        Assert.Equal(1, text.Value("finintent_intent_total", ("label", "abstain"), ("adapter", "cards")));
        Assert.Equal(1, text.Value("finintent_abstentions_total", ("adapter", "cards"), ("reason", "low_probability")));
        Assert.Equal(1, text.Value("finintent_confidence_bucket", ("adapter", "cards"), ("le", "0.25")));
        Assert.Equal(4, text.Value("finintent_confidence_bucket", ("adapter", "cards"), ("le", "0.95")));
        Assert.Equal(0.93 * 3 + 0.21, text.Value("finintent_confidence_sum", ("adapter", "cards")), 12);
        Assert.Equal(240, text.Value("finintent_prefix_reused_tokens_total", ("adapter", "cards")));
        Assert.Equal(1, text.Value("finintent_shadow_total", ("shadow", "cards-next"), ("agreement", "other")));
        Assert.Equal(65_536, text.Value("finintent_queue_tokens_limit"));
        Assert.Equal(1, text.Value("finintent_batch_rows_bucket", ("le", "4")));
        Assert.Equal(0, text.Value("finintent_batch_rows_bucket", ("le", "2")));
    }

    [Fact]
    public async Task A_refused_request_is_counted_and_not_timed()
    {
        _host.Metrics.Request("/predict", null, 429, 0.001);
        _host.Metrics.Request("/predict", null, 504, 0.5);

        var text = await _host.Scrape();

        Assert.Equal(2, text.Samples("finintent_requests_total", ("route", "/predict")).Sum(sample => sample.Value));
        Assert.Equal(1, text.Value("finintent_request_duration_seconds_count", ("route", "/predict")));
        Assert.Equal(0.5, text.Value("finintent_request_duration_seconds_sum", ("route", "/predict")));
    }

    [Fact]
    public async Task What_a_caller_writes_becomes_no_label()
    {
        const string Written = "x9-of-a-caller";
        _host.Metrics.Serves("cards", ["fees"]);

        _host.Metrics.Request(null, Written, 404, 0.001);
        _host.Metrics.Answer(Written, Written, 0.5, null);
        _host.Metrics.Answer("cards", Written, 0.5, null);
        _host.Metrics.Prompt(Written, 10, 5);
        _host.Metrics.Shadow(Written, Written, isSame: true);
        _host.Metrics.Phases(null, Written, new(1, 1, 1));
        _host.Metrics.Swapped(Written, AdapterChange.Put);
        var text = await _host.Scrape();

        Assert.DoesNotContain(Written, await _host.Text());
        Assert.Equal(1, text.Value("finintent_requests_total", ("route", "other"), ("adapter", "other"), ("code", "404")));
        Assert.Equal(1, text.Value("finintent_intent_total", ("adapter", "cards"), ("label", "other")));
        Assert.Equal(1, text.Value("finintent_intent_total", ("adapter", "other"), ("label", "other")));
    }

    [Fact]
    public async Task The_number_of_routes_codes_adapters_and_labels_is_bounded()
    {
        for (var i = 0; i < KnownNames.MostAdapters + 10; i++) _host.Metrics.Serves($"adapter{i}", []);
        _host.Metrics.Serves("adapter0", Enumerable.Range(0, KnownNames.MostLabels + 10).Select(i => $"label{i}"));
        var unknown = $"adapter{KnownNames.MostAdapters}";
        for (var i = 0; i < KnownNames.MostRoutes + 10; i++) _host.Metrics.Request($"/route{i}", unknown, 200, 0);
        foreach (var code in (int[])[-1, 600, int.MaxValue]) _host.Metrics.Request("/route0", null, code, 0);

        var text = await _host.Scrape();

        Assert.Equal(KnownNames.MostRoutes + 1, Distinct(text, "finintent_requests_total", "route"));
        Assert.Equal(10, text.Value("finintent_requests_total", ("route", "other"), ("adapter", "other"), ("code", "200")));
        Assert.Equal(3, text.Value("finintent_requests_total", ("route", "/route0"), ("adapter", "none"), ("code", "other")));
        Assert.Equal(KnownNames.MostAdapters + 1, Distinct(text, "finintent_prompt_tokens_total", "adapter"));
        Assert.Equal(KnownNames.MostLabels + 1, text.Samples("finintent_intent_total", ("adapter", "adapter0")).Count);
    }

    [Fact]
    public async Task Events_that_alerts_count_stand_at_zero_before_the_first()
    {
        _host.Metrics.Serves("cards", ["fees", "查询余额"]);

        var text = await _host.Scrape();

        Assert.Equal(["auth", "deadline", "draining", "queue_full", "rate", "too_long"],
            text.Samples("finintent_rejected_total").Select(sample => sample.Labels["reason"]).Order(StringComparer.Ordinal));
        Assert.Equal(["abstain", "fees", "查询余额"],
            text.Samples("finintent_intent_total").Select(sample => sample.Labels["label"]).Order(StringComparer.Ordinal));
        string[] counters = ["rejected", "intent", "abstentions", "prompt_tokens", "forward_failures", "batch_halvings"];
        Assert.All(counters.SelectMany(name => text.Families[$"finintent_{name}_total"].Samples), sample => Assert.Equal(0, sample.Value));
        Assert.Equal(0, text.Value("finintent_ready"));
    }

    [Fact]
    public async Task An_adapter_that_has_left_a_device_is_said_to_be_gone()
    {
        _host.Metrics.Serves("a", []);
        _host.Metrics.Serves("b", []);
        _host.Metrics.AdaptersLoaded = () => [("a", "cuda:0"), ("b", "cuda:0")];
        await _host.Scrape();

        _host.Metrics.AdaptersLoaded = () => [("b", "cuda:0")];
        var text = await _host.Scrape();

        Assert.Equal(0, text.Value("finintent_adapters_loaded", ("adapter", "a"), ("device", "cuda:0")));
        Assert.Equal(1, text.Value("finintent_adapters_loaded", ("adapter", "b"), ("device", "cuda:0")));
    }

    /// <summary>A round calls everything once that a request calls; the first lets labels be seen and code be compiled.</summary>
    [Fact]
    public void Recording_allocates_nothing()
    {
        Traffic.Begin(_host.Metrics);
        for (var i = 0; i < 200; i++) Request();

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) Request();

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Request()
        {
            _host.Metrics.Request(Traffic.Classify, Traffic.Adapter, 200, 0.012);
            _host.Metrics.Phases(Traffic.Classify, Traffic.Adapter, new(0.0004, 0.002, 0.008));
            _host.Metrics.Prompt(Traffic.Adapter, 120, 80);
            _host.Metrics.Answer(Traffic.Adapter, "fees", 0.93, null);
            _host.Metrics.Answer(Traffic.Adapter, "fees", 0.2, AbstentionReason.OutOfScope);
            _host.Metrics.Shadow(Traffic.Adapter, Traffic.Shadow, isSame: true);
            _host.Metrics.Rejected(RejectionReason.QueueFull);
            _host.Metrics.Forward(4, 480);
        }
    }

    static double[] Bounds(Exposition text, string bucket) =>
        [.. text.Samples(bucket).Select(sample => Exposition.Bound(sample)).Distinct()];

    static int Distinct(Exposition text, string name, string label) =>
        text.Samples(name).Select(sample => sample.Labels[label]).Distinct().Count();
}
