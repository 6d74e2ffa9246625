using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace FinIntent.Server.Protection;

/// <summary>Decides whether a request may come in at all, before anybody asks for a key.</summary>
sealed class Doors
{
    static readonly StringSegment[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]"];

    readonly ProtectionOptions _options;
    readonly IList<StringSegment> _hosts;
    readonly bool _isAnyHost, _isAnyOrigin;

    public Doors(ProtectionOptions options)
    {
        _options = options;
        _hosts = [.. LoopbackNames, .. options.AllowedHosts.Where(h => h != "*").Select(h => new StringSegment(new HostString(h).ToUriComponent()))];
        _isAnyHost = options.AllowedHosts.Contains("*");
        _isAnyOrigin = options.CorsOrigins.Contains("*");
    }

    /// <summary>Returns why a request stays outside; null lets it in.</summary>
    /// <param name="isOpenRoute">Whether the route tells nothing and is asked by a node for its address, not by name: the health routes.</param>
    public Refusal? RefusalOf(HttpContext context, bool isOpenRoute) =>
        !_options.NeedsKeys && !IsLocal(context.Connection)
            ? new(403, "keys_required", "this server has no keys and answers its own machine alone; start it with --api-key-file")
        : !isOpenRoute && !IsKnown(context.Request.Host)
            ? new(400, "host_not_allowed", "the header Host names a host that is not among --allowed-hosts")
        : !isOpenRoute && !MayAsk(context.Request)
            ? new(403, "origin_not_allowed", "the page that sends this request is of an origin that is not among --cors-origin")
        : null;

    /// <summary>Whatever addresses Kestrel's own settings add: without keys only the loopback address answers.</summary>
    static bool IsLocal(ConnectionInfo connection) => connection.LocalIpAddress is not { } address
        || IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>A page whose name was made to lead to this machine (DNS rebinding) sends its own name.</summary>
    bool IsKnown(HostString host) => host.HasValue
        && (_isAnyHost || HostString.MatchesAny(new HostString(host.Host).ToUriComponent(), _hosts));

    /// <summary>A browser sends some requests of foreign pages without asking first; they are not answered, either.</summary>
    bool MayAsk(HttpRequest request)
    {
        if (!request.Headers.TryGetValue("Origin", out var sent) || _isAnyOrigin) return true;
        var origin = sent.ToString();
        return _options.CorsOrigins.Contains(origin, StringComparer.Ordinal)
            || Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Authority == request.Host.Value;
    }
}
