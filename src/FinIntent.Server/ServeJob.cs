using FinIntent.Jobs;
using FinIntent.Server.Serving;
using FinIntent.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace FinIntent.Server;

/// <summary>`finintent serve`: listens, loads the model, and answers until it is told to stop.</summary>
static class ServeJob
{
    /// <summary>A thread that still computes when the process ends may crash it; so a model that is nearly loaded is waited for.</summary>
    static readonly TimeSpan EndOfLoading = TimeSpan.FromSeconds(5);

    /// <exception cref="UserErrorException">The options, the settings or the model are not usable.</exception>
    public static async Task RunAsync(ServeOptions options, SettingsFile settings, Surroundings here)
    {
        if (options is { AdapterRoot: not null, AdminKeyFile: null })
            throw new UserErrorException("--adapter-root needs --admin-key-file: adapters are changed with a key of that file alone");
        options = options with
        {
            ServedModelName = options.ServedModelName ?? HostLoader.NameOf(
            settings.Model.AdapterPaths.LastOrDefault() ?? settings.Model.ModelNameOrPath)
        };
        await using var server = IntentServer.Create(options, LogToConsole);
        await server.StartAsync();
        here.Tell($"listening at {server.Address}");
        var loading = Task.Run(() => HostLoader.LoadAsync(options, settings, here, server.Services)); // it may begin with a download
        var stopped = server.WaitForShutdownAsync();
        if (await Task.WhenAny(loading, stopped) == loading)
        {
            var host = await loading;
            server.Serve(host);
            here.Tell($"ready: {string.Join(", ", host.Models.All.Select(v => v.Id))}; documentation at {server.Address}openapi/v1.json");
        }
        await stopped;
        if (server.IsServing) return;
        await Task.WhenAny(loading, Task.Delay(EndOfLoading));
        if (loading.IsCompletedSuccessfully) await (await loading).DisposeAsync();
    }

    static void LogToConsole(WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.ColorBehavior = LoggerColorBehavior.Disabled; // what steers a terminal is shown as text, colours too
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.UseUtcTimestamp = true;
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        // Why a server cannot start or stop ends the program, which tells it; the host would write it twice, with its stack.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddFilter("FinIntent", LogLevel.Information);
    }
}
