using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace FinIntent.Server.Metrics;

/// <summary>Writes aggregated metrics in Prometheus' text format 0.0.4.</summary>
/// <remarks>
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/. There is no OpenTelemetry package for this that is stable. Not
/// safe for several threads: <see cref="MetricsScrape"/> writes one text at a time.
/// </remarks>
sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>.NET 10 says that these only rise. They fall, too: https://opentelemetry.io/docs/specs/semconv/runtime/dotnet-metrics/.
    /// </summary>
    static readonly HashSet<string> Falling = ["dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length"];

    readonly StringBuilder _text = new();
    readonly HashSet<string> _families = [];

    public void Clear()
    {
        _text.Clear();
        _families.Clear();
    }

    public byte[] ToUtf8() => Encoding.UTF8.GetBytes(_text.ToString());

    public void Append(Metric metric)
    {
        if (metric.MetricType == MetricType.ExponentialHistogram) return;
        var isCounter = metric.MetricType is MetricType.LongSum or MetricType.DoubleSum && !Falling.Contains(metric.Name);
        var name = PrometheusName.Of(metric.Name, metric.Unit, isCounter);
        var type = isCounter ? "counter" : metric.MetricType == MetricType.Histogram ? "histogram" : "gauge";
        if (!Family(name, type, metric.Description)) return;
        foreach (ref readonly var point in metric.GetMetricPoints())
        {
            var labels = Labels(point.Tags);
            if (metric.MetricType == MetricType.Histogram) Histogram(name, labels, Buckets.Of(point));
            else Sample(name, labels, ValueOf(metric.MetricType, point));
        }
    }

    /// <summary>Begins a family. Its samples follow at once.</summary>
    /// <returns>False where the text has a family of this name already, which a reader would refuse.</returns>
    public bool Family(string name, string type, string help)
    {
        if (!_families.Add(name)) return false;
        _text.Append("# HELP ").Append(name).Append(' ').Append(Escaped(help, isLabel: false)).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return true;
    }

    /// <param name="labels">Written labels, without braces: a="b",c="d".</param>
    public void Sample(string name, string labels, double value)
    {
        _text.Append(name);
        if (labels.Length > 0) _text.Append('{').Append(labels).Append('}');
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    public void Histogram(string name, string labels, Buckets buckets)
    {
        var start = labels.Length == 0 ? "" : $"{labels},";
        var (bucket, below) = ($"{name}_bucket", 0L);
        for (var i = 0; i < buckets.Bounds.Length; i++)
            Sample(bucket, $"{start}le=\"{Number(buckets.Bounds[i])}\"", below += buckets.Counts[i]);
        Sample($"{name}_sum", labels, buckets.Sum);
        Sample($"{name}_count", labels, buckets.Count);
    }

    static string Labels(ReadOnlyTagCollection tags)
    {
        StringBuilder text = new();
        foreach (var (key, value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            text.Append(Label(PrometheusName.Sanitized(key), value));
        }
        return text.ToString();
    }

    public static string Label(string name, object? value) => $"{name}=\"{Escaped(ValueText(value), isLabel: true)}\"";

    static string ValueText(object? value) => value switch
    {
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value?.ToString() ?? "",
    };

    static string Escaped(string text, bool isLabel)
    {
        if (text.AsSpan().IndexOfAny('\\', '\n', '"') < 0) return text;
        text = text.Replace("\\", "\\\\").Replace("\n", "\\n");
        return isLabel ? text.Replace("\"", "\\\"") : text;
    }

    static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    public static double ValueOf(MetricType type, in MetricPoint point) => type switch
    {
        MetricType.LongSum or MetricType.LongSumNonMonotonic => point.GetSumLong(),
        MetricType.DoubleSum or MetricType.DoubleSumNonMonotonic => point.GetSumDouble(),
        MetricType.LongGauge => point.GetGaugeLastValueLong(),
        MetricType.DoubleGauge => point.GetGaugeLastValueDouble(),
        _ => throw new UnreachableException($"{type} has no single value"),
    };
}
