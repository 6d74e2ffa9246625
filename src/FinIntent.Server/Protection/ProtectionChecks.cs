using System.Net;
using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Protection;

/// <summary>Refuses to start a server that is open by mistake.</summary>
static class ProtectionChecks
{
    const double MostRequestsPerSecond = 1_000_000;

    /// <exception cref="UserErrorException">The options do not go together.</exception>
    public static void Check(ServeOptions options)
    {
        if (!options.IsLoopback && options.ApiKeyFile is null)
            throw new UserErrorException(
                $"--host {options.Host} can be reached from other machines, and there is no --api-key-file: name one, or listen on " +
                $"127.0.0.1");
        if (!options.IsLoopback && options.AllowedHosts.Count == 0)
            throw new UserErrorException(
                $"--host {options.Host} can be reached by other names than localhost: --allowed-hosts names those that " +
                "clients use, or * for any (behind a proxy that checks them)");
        foreach (var host in options.AllowedHosts) CheckHost(host);
        foreach (var origin in options.CorsOrigins) CheckOrigin(origin, options);
        if (options.RequestRate is { } rate && !(rate is > 0 and <= MostRequestsPerSecond))
            throw new UserErrorException(FormattableString.Invariant(
                $"--request-rate {rate}: it is a number of requests each second, above 0 and at most {MostRequestsPerSecond}"));
    }

    static void CheckHost(string host)
    {
        if (host == "*") return;
        var name = host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host;
        var isAddress = name.StartsWith('[') && name.EndsWith(']') && IPAddress.TryParse(name, out _);
        if (!isAddress && Uri.CheckHostName(new HostString(name).ToUriComponent()) is not (UriHostNameType.Dns or UriHostNameType.IPv4))
            throw new UserErrorException(
                $"--allowed-hosts {host}: it is no host's name or address as the header Host has it, without scheme and port (an IPv6 " +
                $"one in [])");
    }

    static void CheckOrigin(string origin, ServeOptions options)
    {
        if (origin == "*")
        {
            if (options.ApiKeyFile is null)
                throw new UserErrorException(
                    "--cors-origin * lets every page on the web ask this server: it needs --api-key-file, or name the origins");
            return;
        }
        var isOrigin = Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority) == origin
            && uri.Scheme is "http" or "https";
        if (!isOrigin)
            throw new UserErrorException(
                $"--cors-origin {origin}: an origin is http:// or https://, a name in small letters and a port if it is " +
                "not the usual one, and nothing behind it");
    }
}
