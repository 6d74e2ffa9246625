using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace FinIntent.Server.Protection;

/// <summary>Says how much of the server a connection may take, and for how long.</summary>
sealed record ServerLimits
{
    /// <summary>The files that the process needs beside its connections, about.</summary>
    const int OtherFiles = 512;
    const string ProcessLimits = "/proc/self/limits", OpenFiles = "Max open files";

    public long MaxBodyBytes { get; init; } = 2 << 20;

    /// <summary>The names and values of all headers, and likewise of all trailers.</summary>
    public int MaxHeaderBytes { get; init; } = 32 << 10;

    /// <summary>How long a request's headers may take from their first byte on.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be idle.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How slowly a body may come, after <see cref="BodyGrace"/>.</summary>
    public double MinBodyBytesPerSecond { get; init; } = 240;
    public TimeSpan BodyGrace { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The connections at one time; one more is closed. Never more than the process may open files, less some.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>The connections that there is room for.</summary>
    public int ConnectionsWithin(long? openFiles) =>
        openFiles is { } files ? (int)Math.Clamp(files - OtherFiles, 1, MaxConnections) : MaxConnections;

    /// <summary>How many files this process may have open; null where the system does not say.</summary>
    public static long? OpenFileLimit()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists(ProcessLimits)) return null;
        var line = File.ReadLines(ProcessLimits).FirstOrDefault(line => line.StartsWith(OpenFiles, StringComparison.Ordinal));
        var soft = line?[OpenFiles.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, CultureInfo.InvariantCulture, out var files) ? files : null; // "unlimited" is no bound
    }
}

static class ServerLimitsExtensions
{
    /// <summary>Bounds what Kestrel takes from a connection.</summary>
    public static void UseServerLimits(this KestrelServerOptions kestrel, ServerLimits limits)
    {
        var bounds = kestrel.Limits;
        bounds.MaxRequestBodySize = limits.MaxBodyBytes;
        bounds.MaxRequestHeadersTotalSize = limits.MaxHeaderBytes;
        bounds.RequestHeadersTimeout = limits.HeaderTimeout;
        bounds.KeepAliveTimeout = limits.KeepAliveTimeout;
        bounds.MinRequestBodyDataRate = new(limits.MinBodyBytesPerSecond, limits.BodyGrace);
        bounds.MaxConcurrentConnections = limits.ConnectionsWithin(ServerLimits.OpenFileLimit());
        bounds.MaxConcurrentUpgradedConnections = 0;
        kestrel.AddServerHeader = false;
        kestrel.AllowAlternateSchemes = false;
        kestrel.AllowHostHeaderOverride = false;
    }
}
