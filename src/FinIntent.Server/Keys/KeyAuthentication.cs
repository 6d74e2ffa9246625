using System.Security.Claims;
using System.Text.Encodings.Web;
using FinIntent.Server.Audit;
using FinIntent.Server.Errors;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FinIntent.Server.Keys;

/// <summary>Tells by its key who sends a request: <c>Authorization: Bearer KEY</c>, else <c>X-API-Key: KEY</c>, else <c>api-key:
/// KEY</c>.</summary>
sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder encoder, ServerKeys keys, AuditLog audit)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, encoder)
{
    public const string SchemeName = "Key", AdminRole = "admin";
    const string Bearer = "Bearer ";

    /// <summary>The headers beside Authorization that may hold a key, as other servers' clients send it.</summary>
    public static IReadOnlyList<string> KeyHeaders { get; } = ["X-API-Key", "api-key"];

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Presented() is not { } presented) return Task.FromResult(AuthenticateResult.NoResult());
        if (keys.Find(presented) is not { } holder) return Task.FromResult(AuthenticateResult.Fail("the key is not known"));
        var identity = new ClaimsIdentity(SchemeName);
        identity.AddClaim(new(ClaimTypes.Name, holder.Name));
        if (holder.IsAdmin) identity.AddClaim(new(ClaimTypes.Role, AdminRole));
        return Task.FromResult(AuthenticateResult.Success(new(new(identity), SchemeName)));
    }

    /// <summary>The key that the request holds; null where it holds none.</summary>
    string? Presented()
    {
        // Two values of one header join with a comma, which no key's digest fits.
        var authorization = Request.Headers.Authorization.ToString();
        if (authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)) return authorization[Bearer.Length..].Trim();
        foreach (var name in KeyHeaders)
            if (Request.Headers.TryGetValue(name, out var value)) return value.ToString();
        return null;
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        NoteRefused();
        throw new ServerError(401, Presented() is not null
            ? "the API key is not one of this server's"
            : "this server needs an API key; send it as Authorization: Bearer KEY", "invalid_api_key");
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        NoteRefused();
        throw new ServerError(403, "the API key may classify and nothing else; this needs an admin key", "admin_key_required");
    }

    /// <summary>Writes an audit line where the route is one that changes adapters.</summary>
    void NoteRefused()
    {
        var isAdmin = Context.GetEndpoint()?.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy == KeyPolicies.Admin);
        if (isAdmin is true)
            audit.NoteRefused(AuditEntry.Of(Context, Request.RouteValues["name"] as string, "refused"));
    }
}
