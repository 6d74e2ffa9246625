using OpenTelemetry.Metrics;

namespace FinIntent.Server.Metrics;

/// <summary>Writes the metrics under vLLM's names, too, so that boards and scaling rules made for vLLM work.</summary>
/// <remarks>
/// Source: vLLM docs/design/metrics.md@0328b59; its Python client adds _total to counters. Sums run over all adapters under the served
/// model's name. `promtool check metrics` refuses names with a colon, which is why they are written only where asked.
/// </remarks>
sealed class VllmAliases(string model)
{
    readonly string _model = PrometheusText.Label("model_name", model);
    readonly Dictionary<string, Metric> _metrics = [];

    public void Clear() => _metrics.Clear();

    /// <summary>Keeps a metric of this scrape.</summary>
    public void Take(Metric metric)
    {
        if (metric.MeterName == ServerMetrics.MeterName) _metrics[metric.Name] = metric;
    }

    public void Append(PrometheusText text)
    {
        Value("num_requests_running", "gauge", "Requests that are in a forward.", "finintent.running.requests");
        Value("num_requests_waiting", "gauge", "Requests that wait for a forward.", "finintent.queue.requests");
        Value("prompt_tokens_total", "counter", "Tokens of the prompts that were computed.", "finintent.prompt.tokens");
        Value("prefix_cache_queries_total", "counter", "Tokens of prompts that were looked up.", "finintent.prompt.tokens");
        Value("prefix_cache_hits_total", "counter", "Tokens of prompts that were found.", "finintent.prefix_reused.tokens");
        Value("request_success_total", "counter", "Requests answered with 200.", "finintent.requests",
            ",finished_reason=\"stop\"", IsSuccess);
        Times("e2e_request_latency_seconds", "From a request's arrival to the end of its answer.", "finintent.request.duration");
        Times("request_queue_time_seconds", "How long requests waited.", "finintent.queue.duration");

        void Value(string name, string type, string help, string from, string labels = "", Func<MetricPoint, bool>? where = null)
        {
            if (!_metrics.TryGetValue(from, out var metric) || !text.Family($"vllm:{name}", type, help)) return;
            var sum = 0d;
            foreach (ref readonly var point in metric.GetMetricPoints())
                if (where?.Invoke(point) != false) sum += PrometheusText.ValueOf(metric.MetricType, point);
            text.Sample($"vllm:{name}", _model + labels, sum);
        }

        void Times(string name, string help, string from)
        {
            if (!_metrics.TryGetValue(from, out var metric) || !text.Family($"vllm:{name}", "histogram", help)) return;
            Buckets? all = null;
            foreach (ref readonly var point in metric.GetMetricPoints())
                if (NeedsModel(point)) all = all is null ? Buckets.Of(point) : all + Buckets.Of(point);
            if (all is not null) text.Histogram($"vllm:{name}", _model, all);
        }
    }

    static bool IsSuccess(MetricPoint point) => NeedsModel(point) && Tag(point, "code") == "200";

    /// <summary>A request that needs no adapter, as one for /health, is none of vLLM's requests.</summary>
    static bool NeedsModel(MetricPoint point) => Tag(point, "adapter") is not (KnownNames.None or KnownNames.Other);

    static string? Tag(MetricPoint point, string key)
    {
        foreach (var (name, value) in point.Tags)
            if (name == key) return value as string;
        return null;
    }
}
