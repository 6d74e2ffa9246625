using FinIntent.Server.Metrics;
using FinIntent.Server.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FinIntent.Tests.Server.Metrics;

/// <summary>A web server on loopback that has nothing but the metrics and a route that answers what it is told to.</summary>
sealed class MetricsServer : IAsyncDisposable
{
    readonly WebApplication _app;

    MetricsServer(WebApplication app) => _app = app;

    public HttpClient Client { get; } = new();
    public Uri Address => new(_app.Urls.Single());
    public IServiceProvider Services => _app.Services;
    public ServerMetrics Metrics => _app.Services.GetRequiredService<ServerMetrics>();

    public static async Task<MetricsServer> Start(TelemetryOptions? options = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddTelemetry(options ?? new());
        var app = builder.Build();
        app.UseRequestMetrics(app.Services.GetRequiredService<ServerMetrics>());
        app.UseRouting();
        app.MapMetrics();
        app.MapGet("/answer/{code:int}", (HttpContext context, int code, string? adapter) =>
        {
            RequestRecord.Of(context).Adapter = adapter;
            using var activity = ClassifyActivity.Start("cards");
            activity.Answered("cards@1", 1, 120);
            return Results.StatusCode(code);
        });
        app.MapGet("/fails", string () => throw new InvalidOperationException("a bug"));
        await app.StartAsync();
        MetricsServer server = new(app);
        server.Client.BaseAddress = server.Address;
        return server;
    }

    public async Task<Exposition> Scrape() => Exposition.Parse(await Client.GetStringAsync("/metrics"));

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
