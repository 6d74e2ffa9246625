using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace FinIntent.Server.Keys;

/// <summary>Says which keys each route needs. A route that says nothing needs a key, so that none can be forgotten.</summary>
static class KeyPolicies
{
    /// <summary>The name of the policy of routes that change adapters.</summary>
    public const string Admin = "administration";

    public static IServiceCollection AddKeys(this IServiceCollection services, ServeOptions options)
    {
        services.AddSingleton(provider => new ServerKeys(
            options.ApiKeyFile, options.AdminKeyFile, provider.GetRequiredService<ILoggerFactory>().CreateLogger(ServerKeys.Category)));
        // Not AddAuthentication, which brings data protection: that writes a key of its own into the user's home, for cookies.
        services.AddWebEncoders().AddTransient<KeyAuthentication>().AddAuthenticationCore(authentication =>
        {
            authentication.DefaultScheme = KeyAuthentication.SchemeName;
            authentication.AddScheme<KeyAuthentication>(KeyAuthentication.SchemeName, null);
        });
        var admin = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().RequireRole(KeyAuthentication.AdminRole).Build();
        var known = new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build();
        var authorization = services.AddAuthorizationBuilder().AddPolicy(Admin, admin);
        if (options.ApiKeyFile is not null) authorization.SetDefaultPolicy(known).SetFallbackPolicy(known);
        return services;
    }

    /// <summary>Has a route need a key of --admin-key-file. Where there is no such file, the route must not be mapped at all.</summary>
    public static TBuilder RequireAdminKey<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder =>
        route.RequireAuthorization(Admin);

    /// <summary>Has a route answer whoever asks, as often as they ask: the two health routes and no other.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder route) where TBuilder : IEndpointConventionBuilder
    {
        route.AllowAnonymous();
        route.DisableRateLimiting();
        return route;
    }
}
