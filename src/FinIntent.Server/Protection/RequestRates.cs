using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using FinIntent.Server.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace FinIntent.Server.Protection;

/// <summary>Bounds how many requests a key may send each second; without a key that is known, an address.</summary>
static class RequestRates
{
    /// <summary>How often the limiter gives out new permits (PartitionedRateLimiter's heartbeat).</summary>
    static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    const int NetworkBytes = 8;

    public static void Set(RateLimiterOptions options, double perSecond)
    {
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(
            context => RateLimitPartition.GetTokenBucketLimiter(SenderOf(context), _ => Bucket(perSecond)));
        options.OnRejected = (context, _) =>
        {
            var wait = context.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : Tick;
            throw new ServerError(429, FormattableString.Invariant($"more than {perSecond} requests a second; try again later"),
                "rate_limit_exceeded")
            { RetryAfter = wait + Tick };
        };
    }

    /// <summary>A second's requests may come at once. Permits come in parts of a tenth of a second or one permit, whichever is
    /// longer.</summary>
    static TokenBucketRateLimiterOptions Bucket(double perSecond)
    {
        var part = Math.Max(1, (int)(perSecond * Tick.TotalSeconds));
        return new()
        {
            TokenLimit = Math.Max(1, (int)Math.Ceiling(perSecond)),
            TokensPerPeriod = part,
            ReplenishmentPeriod = TimeSpan.FromSeconds(part / perSecond),
            AutoReplenishment = false,
        };
    }

    /// <summary>The key's name, else the address; of an IPv6 address the network, since a sender has all addresses of one.</summary>
    static string SenderOf(HttpContext context)
    {
        if (context.User.Identity is { IsAuthenticated: true, Name: { } name }) return $"key {name}";
        if (context.Connection.RemoteIpAddress is not { } address) return "unknown";
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address)) return $"address {address}";
        return $"network {Convert.ToHexString(address.GetAddressBytes().AsSpan(0, NetworkBytes))}";
    }
}
