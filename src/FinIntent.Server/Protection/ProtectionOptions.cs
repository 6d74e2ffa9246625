using System.Net;
using Microsoft.AspNetCore.Http;

namespace FinIntent.Server.Protection;

/// <summary>Says from where, by which names and how often the server may be asked.</summary>
sealed record ProtectionOptions
{
    const double MostRequestsPerSecond = 1_000_000;

    /// <summary>The address that the server listens on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Whether every route but health needs a key.</summary>
    public bool NeedsKeys { get; init; }

    /// <summary>The values of the header Host that are answered beside those of the loopback address: names, <c>*.name</c>, or <c>*</c>.</summary>
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];

    /// <summary>The origins whose pages in browsers may ask: <c>https://name[:port]</c>, or <c>*</c> where keys are needed.</summary>
    public IReadOnlyList<string> CorsOrigins { get; init; } = [];

    /// <summary>The requests that a key, or without keys an address, may send each second; null: as many as it likes.</summary>
    public double? RequestRate { get; init; }

    public bool IsLoopback => IsLoopbackHost(Host);

    /// <exception cref="UserErrorException">The options do not go together.</exception>
    public void Check()
    {
        if (!IsLoopback && !NeedsKeys)
            throw new UserErrorException(
                $"--host {Host} can be reached from other machines, and there is no --api-key-file: name one, or listen on 127.0.0.1");
        if (!IsLoopback && AllowedHosts.Count == 0)
            throw new UserErrorException($"--host {Host} can be reached by other names than localhost: --allowed-hosts names those that " +
                "clients use, or * for any (behind a proxy that checks them)");
        foreach (var host in AllowedHosts) CheckHost(host);
        foreach (var origin in CorsOrigins) CheckOrigin(origin);
        if (RequestRate is { } rate && !(rate is > 0 and <= MostRequestsPerSecond))
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
                $"--allowed-hosts {host}: it is no host's name or address as the header Host has it, without scheme and port (an IPv6 one in [])");
    }

    void CheckOrigin(string origin)
    {
        if (origin == "*")
        {
            if (!NeedsKeys)
                throw new UserErrorException("--cors-origin * lets every page on the web ask this server: it needs --api-key-file, or name the origins");
            return;
        }
        var isOrigin = Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority) == origin
            && uri.Scheme is "http" or "https";
        if (!isOrigin)
            throw new UserErrorException($"--cors-origin {origin}: an origin is http:// or https://, a name in small letters and a port if it is " +
                "not the usual one, and nothing behind it");
    }

    static bool IsLoopbackHost(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address);
}
