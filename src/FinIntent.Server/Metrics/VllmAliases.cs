using OpenTelemetry.Metrics;

namespace FinIntent.Server.Metrics;

/// <summary>Writes the metrics under vLLM's names, too, so that boards and scaling rules made for vLLM work.</summary>
/// <remarks>
/// Source: vLLM docs/design/metrics.md@0328b59; its Python client adds _total to counters. Sums run over all adapters under the served
/// model's name. `promtool check metrics` refuses names with a colon, which is why they are written only where asked.
/// </remarks>
/// <param name="model">Names the served model.</param>
sealed class VllmAliases(Func<string> model)
{
    readonly Dictionary<string, Metric> _metrics = [];

    public void Clear() => _metrics.Clear();

    /// <summary>Keeps a metric of this scrape.</summary>
    public void Take(Metric metric)
    {
        if (metric.MeterName == ServerMetrics.MeterName) _metrics[metric.Name] = metric;
    }

    public void Append(PrometheusText text)
    {
        var labels = PrometheusText.Label("model_name", model());
        // A text is what vLLM calls a request.
        var running = Sum("finintent.running.rows");
        Gauge("num_requests_running", "Texts that are in a forward.", running);
        Gauge("num_requests_waiting", "Texts that wait for a forward.", Math.Max(0, Sum("finintent.queue.rows") - running));
        Counter("prompt_tokens_total", "Tokens of the prompts that were computed.", "finintent.prompt.tokens");
        Counter("prefix_cache_queries_total", "Tokens of prompts that were looked up.", "finintent.prompt.tokens");
        Counter("prefix_cache_hits_total", "Tokens of prompts that were found.", "finintent.prefix_reused.tokens");
        Counter("request_success_total", "Requests answered with 200.", "finintent.requests",
            ",finished_reason=\"stop\"", IsSuccess);
        Times("e2e_request_latency_seconds", "From a request's arrival to the end of its answer.", "finintent.request.duration");
        Times("request_queue_time_seconds", "How long requests waited.", "finintent.queue.duration");

        void Gauge(string name, string help, double value)
        {
            if (text.Family($"vllm:{name}", "gauge", help)) text.Sample($"vllm:{name}", labels, value);
        }

        void Counter(string name, string help, string from, string more = "", Func<MetricPoint, bool>? where = null)
        {
            if (text.Family($"vllm:{name}", "counter", help)) text.Sample($"vllm:{name}", labels + more, Sum(from, where));
        }

        void Times(string name, string help, string from)
        {
            if (!_metrics.TryGetValue(from, out var metric)) return;
            Buckets? all = null;
            foreach (ref readonly var point in metric.GetMetricPoints())
                if (NeedsModel(point)) all = all is null ? Buckets.Of(point) : all + Buckets.Of(point);
            if (all is not null && text.Family($"vllm:{name}", "histogram", help)) text.Histogram($"vllm:{name}", labels, all);
        }
    }

    double Sum(string name, Func<MetricPoint, bool>? where = null)
    {
        var sum = 0d;
        if (!_metrics.TryGetValue(name, out var metric)) return sum;
        foreach (ref readonly var point in metric.GetMetricPoints())
            if (where?.Invoke(point) != false) sum += PrometheusText.ValueOf(metric.MetricType, point);
        return sum;
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
