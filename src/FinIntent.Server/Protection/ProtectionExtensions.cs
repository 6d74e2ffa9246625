using FinIntent.Server.Audit;
using FinIntent.Server.Keys;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FinIntent.Server.Protection;

/// <summary>Puts what protects the server into an application: which machines, hosts, pages and keys may ask, and how often.</summary>
static class ProtectionExtensions
{
    /// <param name="refuse">Writes every refusal.</param>
    public static IServiceCollection AddProtection(
        this IServiceCollection services, ProtectionOptions options, ServerKeys keys, AuditLog audit, RefusalWriter refuse)
    {
        options.Check();
        services.AddSingleton(options).AddSingleton(audit).AddSingleton(refuse).AddSingleton<Doors>();
        services.AddKeys(keys);
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. options.CorsOrigins])
            .WithMethods(HttpMethods.Get, HttpMethods.Post)
            .WithHeaders(["Authorization", "Content-Type", .. KeyAuthentication.KeyHeaders])
            .WithExposedHeaders("Retry-After", "retry-after-ms")));
        if (options.RequestRate is { } rate) services.AddRateLimiter(limiter => RequestRates.Set(limiter, rate, refuse));
        return services;
    }

    /// <summary>Lets in what may come in. It stands behind what writes errors and before every route.</summary>
    public static void UseProtection(this IApplicationBuilder app)
    {
        var options = app.ApplicationServices.GetRequiredService<ProtectionOptions>();
        var doors = app.ApplicationServices.GetRequiredService<Doors>();
        var refuse = app.ApplicationServices.GetRequiredService<RefusalWriter>();
        app.Use((context, next) =>
        {
            context.Response.OnStarting(AddHeaders, context);
            return doors.RefusalOf(context, IsOpen(context)) is { } refusal ? refuse(context, refusal) : next(context);
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
