using System.Net;
using FinIntent.Server;
using FinIntent.Server.Errors;
using FinIntent.Server.Keys;
using FinIntent.Server.Metrics;
using FinIntent.Server.Protection;
using FinIntent.Tests.Classification;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

/// <summary>A real Kestrel on the loopback address behind all that protects the server, with routes that need no model.</summary>
sealed class ProtectedServer : IAsyncDisposable
{
    public const string ApiKey = "classify-0123456789abcdef", AdminKey = "admin-0123456789abcdef";

    readonly WebApplication _app;

    ProtectedServer(WebApplication app, CollectedLog log) => (_app, Log) = (app, log);

    public CollectedLog Log { get; }
    public HttpClient Client { get; private set; } = null!;
    public int Port { get; private set; }

    /// <summary>Is released for each request of /slow whose caller has gone.</summary>
    public SemaphoreSlim Aborted { get; private set; } = null!;

    public static async Task<ProtectedServer> Start(
        ServeOptions? options = null, ServerLimits? limits = null, string? apiKeys = null, string? adminKeys = null)
    {
        CollectedLog log = new();
        options = (options ?? new()) with { ApiKeyFile = apiKeys, AdminKeyFile = adminKeys };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.UseServerLimits(limits ?? new());
            kestrel.Listen(IPAddress.Loopback, 0);
        });
        builder.Services.AddSingleton(options).AddTelemetry(new()).AddProtection(options);
        var app = builder.Build();
        app.UseErrorAnswers(app.Services.GetRequiredService<ServerMetrics>(), log.CreateLogger("errors"));
        app.UseRouting();
        app.UseProtection();
        app.MapGet("/health/live", () => "live").OpenToAll();
        app.MapGet("/v1/models", () => "models");
        SemaphoreSlim aborted = new(0);
        app.MapGet("/slow/{n:int}", async (int n, CancellationToken gone) =>
        {
            await Task.Delay(n, gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (gone.IsCancellationRequested) aborted.Release();
            return $"answer-{n}";
        });
        app.MapPost("/v1/intent/classify", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            return (await reader.ReadToEndAsync()).Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
        });
        if (adminKeys is not null) app.MapPut("/v1/adapters/{name}", (string name) => name).RequireAdminKey();
        await app.StartAsync(TestContext.Current.CancellationToken);
        var address = new Uri(app.Urls.Single());
        return new(app, log) { Aborted = aborted, Client = new() { BaseAddress = address }, Port = address.Port };
    }

    /// <summary>Sends a request with headers, "NAME: VALUE" each.</summary>
    public async Task<HttpResponseMessage> Send(HttpMethod method, string path, params string[] headers)
    {
        using HttpRequestMessage request = new(method, path);
        foreach (var header in headers)
            Assert.True(request.Headers.TryAddWithoutValidation(header[..header.IndexOf(':')], header[(header.IndexOf(':') + 2)..]));
        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<HttpStatusCode> StatusOf(HttpMethod method, string path, params string[] headers)
    {
        using var response = await Send(method, path, headers);
        return response.StatusCode;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }
}
