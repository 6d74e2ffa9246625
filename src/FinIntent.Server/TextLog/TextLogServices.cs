using System.Diagnostics.Metrics;
using FinIntent.Server.Metrics;
using FinIntent.Server.Serving;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.TextLog;

/// <summary>Puts the text log into the server where it is asked for.</summary>
static class TextLogServices
{
    /// <summary>Adds the log if the options name one. It stops after the web server, which is added last, so that no text is left
    /// out.</summary>
    public static IServiceCollection AddTextLog(this IServiceCollection services, ServeOptions options)
    {
        if (options.LogText is not { } path) return services;
        TextLogOptions log = new(path) { Days = options.LogTextDays, Sample = options.LogTextSample, Raw = options.LogTextRaw };
        services.AddSingleton(provider => new TextLogWriter(log,
            provider.GetRequiredService<ILoggerFactory>().CreateLogger(TextLogWriter.Category),
            TimeProvider.System, Random.Shared.NextDouble));
        return services.AddHostedService(provider => provider.GetRequiredService<TextLogWriter>());
    }

    /// <summary>Has what a model answers be written, if the log was added; its counts join the metrics.</summary>
    public static void WriteTexts(this ModelHost host, IServiceProvider services)
    {
        if (services.GetService<TextLogWriter>() is not { } log) return;
        host.Answered = classified =>
        {
            foreach (var text in classified.Texts) log.Add(TextRecord.Of(text, classified.Version));
        };
        services.GetRequiredService<IMeterFactory>().Create(ServerMetrics.MeterName).CreateObservableCounter("finintent.text_log",
            () => new Measurement<long>[]
            {
                new(log.Written, new KeyValuePair<string, object?>("outcome", "written")),
                new(log.Dropped, new KeyValuePair<string, object?>("outcome", "dropped")),
                new(log.Lost, new KeyValuePair<string, object?>("outcome", "lost")),
            }, "{text}", "Texts that the text log wrote, dropped since too many waited, or lost since it could not be written.");
    }
}
