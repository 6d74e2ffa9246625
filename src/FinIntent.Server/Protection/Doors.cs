using System.Net;
using FinIntent.Server.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace FinIntent.Server.Protection;

/// <summary>Decides whether a request may come in at all, before anybody asks for a key.</summary>
sealed class Doors
{
    static readonly StringSegment[] LoopbackNames = ["localhost", "127.0.0.1", "[::1]"];

    readonly ServeOptions _options;
    readonly IList<StringSegment> _hosts;
    readonly bool _isAnyHost, _isAnyOrigin;

    public Doors(ServeOptions options)
    {
        _options = options;
        var named = options.AllowedHosts.Where(host => host != "*");
        _hosts = [.. LoopbackNames, .. named.Select(host => new StringSegment(new HostString(host).ToUriComponent()))];
        _isAnyHost = options.AllowedHosts.Contains("*");
        _isAnyOrigin = options.CorsOrigins.Contains("*");
    }

    /// <param name="isOpenRoute">Whether the route tells nothing and is asked by a node for its address, not by name: the health
    /// routes.</param>
    /// <exception cref="ServerError">The request stays outside.</exception>
    public void Check(HttpContext context, bool isOpenRoute)
    {
        if (_options.ApiKeyFile is null && !IsLocal(context.Connection))
            throw new ServerError(403, "this server has no keys and answers its own machine alone; start it with --api-key-file",
                "keys_required");
        if (isOpenRoute) return;
        if (!IsKnown(context.Request.Host))
            throw new ServerError(400, "the header Host names a host that is not among --allowed-hosts", "host_not_allowed");
        if (!MayAsk(context.Request))
            throw new ServerError(403, "the page that sends this request is of an origin that is not among --cors-origin",
                "origin_not_allowed");
    }

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
