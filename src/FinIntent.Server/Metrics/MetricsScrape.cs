using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace FinIntent.Server.Metrics;

/// <summary>Reads the metrics when Prometheus asks.</summary>
/// <remarks>May be used from any thread. Readers that come while a text is being written get that text.</remarks>
sealed class MetricsScrape
{
    readonly Exporter _exporter;
    readonly Lock _gate = new();
    Task<byte[]>? _running;

    /// <param name="aliases">Writes other names besides; null writes none.</param>
    public MetricsScrape(VllmAliases? aliases)
    {
        _exporter = new(aliases);
        Reader = new(_exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative };
    }

    /// <summary>The reader to add to the meter provider, which then owns it.</summary>
    public BaseExportingMetricReader Reader { get; }

    /// <summary>Returns the metrics of now in Prometheus' text format.</summary>
    public Task<byte[]> Read()
    {
        lock (_gate) return _running is { IsCompleted: false } ? _running : _running = Task.Run(Collect);
    }

    /// <summary>A reader that is pulled takes no call but that which it gave its exporter.</summary>
    byte[] Collect() => _exporter.Collect?.Invoke(Timeout.Infinite) == true
        ? _exporter.Text
        : throw new InvalidOperationException("The metrics could not be collected.");

    /// <summary>Is called by the reader, once for each collection.</summary>
    [ExportModes(ExportModes.Pull)]
    sealed class Exporter(VllmAliases? aliases) : BaseExporter<Metric>, IPullMetricExporter
    {
        readonly PrometheusText _text = new();

        public byte[] Text { get; private set; } = [];

        public Func<int, bool>? Collect { get; set; }

        public override ExportResult Export(in Batch<Metric> batch)
        {
            _text.Clear();
            aliases?.Clear();
            foreach (var metric in batch)
            {
                _text.Append(metric);
                aliases?.Take(metric);
            }
            aliases?.Append(_text);
            Text = _text.ToUtf8();
            return ExportResult.Success;
        }
    }
}
