using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace FinIntent.Server.Metrics;

/// <summary>Says where the telemetry goes.</summary>
sealed record TelemetryOptions
{
    /// <summary>Metrics and traces are sent there by OTLP; null means that nothing is sent.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Writes vLLM's names beside our own.</summary>
    public bool HasVllmNames { get; init; }
}

/// <summary>Adds the metrics to a host.</summary>
static class TelemetryServices
{
    const string RuntimeMeter = "System.Runtime", KestrelMeter = "Microsoft.AspNetCore.Server.Kestrel";

    /// <summary>Series of one metric: 64 adapters with 150 labels, or on 16 routes with ten statuses. More of them are one series with
    /// otel_metric_overflow="true".</summary>
    const int MostSeries = 16_000;

    /// <summary>Adds <see cref="ServerMetrics"/>, what <see cref="MapMetrics"/> reads and, where asked, the sending by OTLP.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetryOptions options)
    {
        services.AddMetrics();
        services.AddSingleton(provider =>
        {
            // What is counted before someone aggregates is lost, the first zeros, too.
            provider.GetRequiredService<MeterProvider>();
            return new ServerMetrics(provider.GetRequiredService<IMeterFactory>());
        });
        services.AddSingleton(provider => new MetricsScrape(
            options.HasVllmNames ? new VllmAliases(() => provider.GetRequiredService<ServerMetrics>().Model) : null));
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("finintent",
            serviceVersion: typeof(TelemetryServices).Assembly.GetName().Version?.ToString(3)));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(ServerMetrics.MeterName, KestrelMeter).AddRuntimeInstrumentation();
            metrics.AddReader(provider => provider.GetRequiredService<MetricsScrape>().Reader);
            if (options.OtlpEndpoint is { } endpoint)
                metrics.AddAspNetCoreInstrumentation().AddOtlpExporter(exporter => Send(exporter, endpoint, "v1/metrics"));
        });
        services.ConfigureOpenTelemetryMeterProvider((provider, metrics) => metrics.AddView(OwnInstruments(provider)));
        if (options.OtlpEndpoint is { } traces) telemetry.WithTracing(tracing => tracing
            .AddSource(ClassifyActivity.SourceName)
            .AddAspNetCoreInstrumentation(requests => requests.Filter = context => !IsProbe(context.Request.Path))
            .AddOtlpExporter(exporter => Send(exporter, traces, "v1/traces")));
        return services;
    }

    /// <summary>Maps GET /metrics. The caller may narrow it to a port or to a key.</summary>
    public static IEndpointConventionBuilder MapMetrics(this IEndpointRouteBuilder app)
    {
        app.ServiceProvider.GetRequiredService<ServerMetrics>();
        return app.MapGet(MetricsPort.Path, async Task (HttpContext context, MetricsScrape scrape) =>
        {
            var text = await scrape.Read().WaitAsync(context.RequestAborted).ConfigureAwait(false);
            context.Response.ContentType = PrometheusText.ContentType;
            context.Response.ContentLength = text.Length;
            await context.Response.Body.WriteAsync(text, context.RequestAborted).ConfigureAwait(false);
        }).WithName("metrics").WithTags("Health").WithSummary("What the server counts and measures, as Prometheus scrapes it")
            .Produces<string>(contentType: "text/plain");
    }

    /// <summary>A meter is listened to by its name in the whole process; a host takes its own alone.</summary>
    static Func<Instrument, MetricStreamConfiguration?> OwnInstruments(IServiceProvider provider)
    {
        var factory = provider.GetRequiredService<IMeterFactory>();
        return instrument =>
            instrument.Meter.Name == RuntimeMeter ? null
            : !ReferenceEquals(instrument.Meter.Scope, factory) ? MetricStreamConfiguration.Drop
            : instrument.Meter.Name == ServerMetrics.MeterName ? new() { CardinalityLimit = MostSeries } : null;
    }

    /// <summary>Over HTTP each signal has a path of its own, which the exporter adds only to an address from its variables.</summary>
    static void Send(OtlpExporterOptions exporter, Uri endpoint, string path) => exporter.Endpoint =
        exporter.Protocol == OtlpExportProtocol.HttpProtobuf ? new($"{endpoint.AbsoluteUri.TrimEnd('/')}/{path}") : endpoint;

    static bool IsProbe(PathString path) => path.StartsWithSegments("/health") || path.StartsWithSegments(MetricsPort.Path);
}
