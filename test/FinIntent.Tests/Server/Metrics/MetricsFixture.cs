using System.Text;
using FinIntent.Server.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace FinIntent.Tests.Server.Metrics;

/// <summary>The metrics of one host without its web server.</summary>
sealed class MetricsFixture : IDisposable
{
    readonly ServiceProvider _services;

    public MetricsFixture(bool hasVllmNames = false)
    {
        _services = new ServiceCollection().AddTelemetry(new() { HasVllmNames = hasVllmNames }).BuildServiceProvider();
        Metrics = _services.GetRequiredService<ServerMetrics>();
        Metrics.Model = "finintent-8m";
    }

    public ServerMetrics Metrics { get; }

    public async Task<string> Text() => Encoding.UTF8.GetString(await _services.GetRequiredService<MetricsScrape>().Read());

    public async Task<Exposition> Scrape() => Exposition.Parse(await Text());

    public void Dispose() => _services.Dispose();
}
