using System.Net;
using FinIntent.Server.Documentation;
using FinIntent.Server.Errors;
using FinIntent.Server.Metrics;
using FinIntent.Server.Protection;
using FinIntent.Server.Routes;
using FinIntent.Server.Serving;
using FinIntent.Server.TextLog;
using FinIntent.Server.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server;

/// <summary>
/// Is the HTTP server: it listens from the start, answers once a model is given to it, and drains when it is told to stop.
/// </summary>
sealed class IntentServer : IAsyncDisposable
{
    /// <summary>How long connections have to close in good order once what was accepted is answered, or given up.</summary>
    static readonly TimeSpan CutOff = TimeSpan.FromSeconds(1);

    readonly WebApplication _app;
    readonly HostSlot _slot;

    IntentServer(WebApplication app) => (_app, _slot) = (app, app.Services.GetRequiredService<HostSlot>());

    public IServiceProvider Services => _app.Services;

    /// <summary>Says whether a model was given to it.</summary>
    public bool IsServing => _slot.Current is not null;

    /// <summary>The address that it listens at, with the port that it was given. It is known from <see cref="StartAsync"/> on.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Puts the server together. It does not listen yet.</summary>
    /// <param name="configure">What a host adds, such as where logs go.</param>
    /// <exception cref="UserErrorException">The options contradict each other.</exception>
    public static IntentServer Create(ServeOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        ServeOptionChecks.Check(options);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "FinIntent.Server" });
        builder.Services.AddSingleton(options).AddSingleton<HostSlot>().AddHostedService<Drain>();
        builder.Services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, IntentJson.Default);
            json.SerializerOptions.TypeInfoResolverChain.AddCompatible();
            json.SerializerOptions.Encoder = PlainJson.Encoder;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict; // no number is read from a text
        });
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + CutOff);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel((context, kestrel) =>
            Listen(options, context.Configuration, kestrel));
        builder.Services.AddTelemetry(new() { OtlpEndpoint = options.Otlp, HasVllmNames = options.VllmMetricNames });
        builder.Services.AddProtection(options).AddTextLog(options);
        builder.Services.AddDescription();
        configure?.Invoke(builder);
        var app = builder.Build();
        var metrics = app.Services.GetRequiredService<ServerMetrics>();
        metrics.IsReady = () => app.Services.GetRequiredService<HostSlot>().IsReady;
        app.UseRequestMetrics(metrics);
        app.UseErrorAnswers(metrics, app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("FinIntent.Server"));
        if (options.MetricsPort is { } port) app.UseMetricsPort(port);
        app.UseRouting();
        app.UseProtection();
        app.Services.GetService<TextLogWriter>(); // a folder that cannot be written is told now
        app.MapHealth();
        app.MapMetrics();
        app.MapIntents();
        app.MapAdapters(mayChange: options is { AdapterRoot: not null, AdminKeyFile: not null });
        app.MapCompatible();
        app.MapDescription();
        return new(app);
    }

    /// <summary>Kestrel's own settings say where to listen, if they do (TLS, sockets); else the options.</summary>
    static void Listen(ServeOptions options, IConfiguration configuration, KestrelServerOptions kestrel)
    {
        kestrel.UseServerLimits(new() { MaxBodyBytes = options.MaxBodyMb * 1_000_000L });
        if (configuration.GetSection("Kestrel:Endpoints").Exists()) return;
        ListenAt(options.Port);
        if (options.MetricsPort is { } port) ListenAt(port);

        void ListenAt(int port)
        {
            if (options.Host == "localhost") kestrel.ListenLocalhost(port);
            else if (options.Host is "*" or "0.0.0.0" or "::") kestrel.ListenAnyIP(port);
            else kestrel.Listen(AddressOf(options.Host), port);
        }
    }

    static IPAddress AddressOf(string host) => IPAddress.TryParse(host, out var address) ? address
        : throw new UserErrorException($"--host is \"{host}\"; give an address of this machine, such as 127.0.0.1, or * for all");

    /// <exception cref="UserErrorException">It cannot listen at the address or the port.</exception>
    public async Task StartAsync(CancellationToken stop = default)
    {
        try
        {
            await _app.StartAsync(stop);
        }
        catch (Exception e) when (ListenErrors.Of(e, Services.GetRequiredService<ServeOptions>()) is { } told)
        {
            throw told;
        }
    }

    /// <summary>Answers with a model from now on; it is taken over.</summary>
    public void Serve(ModelHost host) => _slot.Set(host);

    /// <summary>Stops the server as SIGTERM does, and waits until it has answered what it had accepted.</summary>
    public Task StopAsync(CancellationToken stop = default) => _app.StopAsync(stop);

    /// <summary>Waits until the server has been told to stop, and has answered what it had accepted.</summary>
    public Task WaitForShutdownAsync(CancellationToken stop = default) => _app.WaitForShutdownAsync(stop);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        if (_slot.Current is { } host) await host.DisposeAsync();
    }
}
