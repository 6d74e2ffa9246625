using FinIntent.Server.Audit;
using FinIntent.Server.Keys;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Protection;

/// <summary>Puts what protects the server into an application: which machines, hosts, pages and keys may ask, and how often.</summary>
static class ProtectionExtensions
{
    /// <exception cref="UserErrorException">The options leave the server open, or a file that they name is wrong.</exception>
    public static IServiceCollection AddProtection(this IServiceCollection services, ServeOptions options)
    {
        ProtectionChecks.Check(options);
        services.AddSingleton(new Doors(options)).AddKeys(options);
        services.AddSingleton(provider => new AuditLog(
            options.AuditLog, provider.GetRequiredService<ILoggerFactory>(), provider.GetService<TimeProvider>() ?? TimeProvider.System));
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. options.CorsOrigins])
            .WithMethods(HttpMethods.Get, HttpMethods.Post)
            .WithHeaders(["Authorization", "Content-Type", .. KeyAuthentication.KeyHeaders])
            .WithExposedHeaders("Retry-After", "retry-after-ms")));
        if (options.RequestRate is { } rate) services.AddRateLimiter(limiter => RequestRates.Set(limiter, rate));
        return services;
    }

    /// <summary>Lets in what may come in. It stands behind what writes errors and behind routing, and before every route.</summary>
    public static void UseProtection(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<ServeOptions>();
        var doors = app.ApplicationServices.GetRequiredService<Doors>();
        app.ApplicationServices.GetRequiredService<AuditLog>(); // a file that cannot be written is told now
        app.ApplicationServices.GetRequiredService<ServerKeys>().Watch(TimeProvider.System);
        app.Use((context, next) =>
        {
            context.Response.OnStarting(AddHeaders, context);
            doors.Check(context, IsOpen(context));
            return next(context);
        });
        if (options.CorsOrigins.Count > 0) app.UseCors();
        app.UseAuthentication();
        if (options.RequestRate is not null) app.UseRateLimiter(); // before the keys are asked for: it bounds guessing them, too
        app.UseAuthorization();
    }

    static bool IsOpen(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is not null;

    /// <summary>No answer is anything but what its type says, and no cache keeps one.</summary>
    static Task AddHeaders(object state)
    {
        var headers = ((HttpContext)state).Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (headers.CacheControl.Count == 0) headers.CacheControl = "no-store";
        return Task.CompletedTask;
    }
}
