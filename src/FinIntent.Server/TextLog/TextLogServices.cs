using System.Diagnostics.Metrics;
using FinIntent.Server.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.TextLog;

/// <summary>Puts the text log into the server where it is asked for.</summary>
static class TextLogServices
{
    /// <summary>Adds the log if the options name one. It stops after the web server, which is added last, so that no text is left
    /// out.</summary>
    /// <exception cref="UserErrorException">An option is wrong. A folder that cannot be written is told when the log is made.</exception>
    public static IServiceCollection AddTextLog(this IServiceCollection services, ServeOptions options)
    {
        if (options.LogText is not { } path) return services;
        TextLogOptions log = new(path) { Days = options.LogTextDays, Sample = options.LogTextSample, Raw = options.LogTextRaw };
        log.Check();
        services.AddSingleton(provider =>
        {
            var logger = provider.GetRequiredService<ILoggerFactory>().CreateLogger(TextLogWriter.Category);
            TextLogWriter writer = new(log, logger, provider.GetService<TimeProvider>() ?? TimeProvider.System, Random.Shared.NextDouble);
            Count(writer, provider.GetRequiredService<IMeterFactory>().Create(ServerMetrics.MeterName));
            return writer;
        });
        return services.AddHostedService(provider => provider.GetRequiredService<TextLogWriter>());
    }

    static void Count(TextLogWriter log, Meter meter) => meter.CreateObservableCounter("finintent.text_log",
        () => new Measurement<long>[]
        {
            new(log.Written, new KeyValuePair<string, object?>("outcome", "written")),
            new(log.Dropped, new KeyValuePair<string, object?>("outcome", "dropped")),
            new(log.Lost, new KeyValuePair<string, object?>("outcome", "lost")),
        }, "{text}", "Texts that the text log wrote, dropped since too many waited, or lost since it could not be written.");
}
