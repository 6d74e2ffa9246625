using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.TextLog;

/// <summary>Adds the text log to a host.</summary>
static class TextLogServices
{
    /// <exception cref="UserErrorException">An option is wrong. A folder that cannot be written is told when the host starts.</exception>
    public static void AddTextLog(this IServiceCollection services, ServeOptions options)
    {
        var log = new TextLogOptions(options.LogText!)
        {
            Days = options.LogTextDays,
            Sample = options.LogTextSample,
            Raw = options.LogTextRaw,
        };
        log.Check();
        services.AddSingleton(provider => new TextLogWriter(log, provider.GetRequiredService<ILoggerFactory>()
            .CreateLogger("FinIntent.TextLog"),
            provider.GetService<TimeProvider>() ?? TimeProvider.System, Random.Shared.NextDouble));
        services.AddHostedService(provider => provider.GetRequiredService<TextLogWriter>());
    }
}
