using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FinIntent.Jobs;
using FinIntent.Server;
using FinIntent.Server.Serving;
using FinIntent.Settings;
using FinIntent.Tests.Classification;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Server;

/// <summary>Is the real server, with real sockets on the loopback and the embedded model.</summary>
sealed class RunningServer : IAsyncDisposable
{
    RunningServer(IntentServer server, ModelHost host) => (Server, Host, Client) = (server, host, new() { BaseAddress = server.Address });

    public IntentServer Server { get; }
    public ModelHost Host { get; }
    public HttpClient Client { get; }

    /// <summary>Starts a server on a free port.</summary>
    /// <param name="settings">Settings besides those of the embedded model.</param>
    public static async Task<RunningServer> StartAsync(
        ServeOptions? options = null, IEnumerable<string>? settings = null, Action<WebApplicationBuilder>? configure = null)
    {
        options = (options ?? new()) with { Port = 0 };
        var server = IntentServer.Create(options, configure ?? Quiet);
        await server.StartAsync();
        var host = await HostLoader.LoadAsync(options, Settings(settings ?? []), Here, server.Services);
        server.Serve(host);
        return new(server, host);
    }

    /// <summary>The embedded model as `finintent serve` is told of it.</summary>
    public static SettingsFile Settings(IEnumerable<string> more) => SettingsFile.Of("command line", Entries.Of([
        $"model_name_or_path={EmbeddedClassifier.Model}", $"intent_schema={EmbeddedClassifier.Schema}", "template=default", .. more]));

    static Surroundings Here => new(TextWriter.Null, TextWriter.Null) { Device = new(() => CPU) };

    static void Quiet(WebApplicationBuilder builder) => builder.Logging.ClearProviders();

    /// <summary>Posts JSON and returns status and body.</summary>
    public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync(string path, string json)
    {
        using var content = new StringContent(json, System.Text.Encoding.UTF8, "application/json");
        using var response = await Client.PostAsync(path, content, TestContext.Current.CancellationToken);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }
}

/// <summary>Starts one server for all tests that need nothing special of it.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal RunningServer Running { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Running = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => Running.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class ServerCollection : ICollectionFixture<ServerFixture>
{
    public const string Name = "a server";
}
