using System.Diagnostics;
using System.Runtime.Versioning;
using FinIntent.Tests.Server;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>The image's health check, which asks a server with nothing but bash.</summary>
[Collection(ServerCollection.Name), UnsupportedOSPlatform("windows")]
public sealed class HealthyTests(ServerFixture fixture)
{
    [Fact]
    public async Task It_ends_with_0_where_a_server_is_ready() => Assert.Equal(0, await Run(fixture.Running.Server.Address.Port));

    [Fact]
    public async Task It_ends_with_1_where_nobody_listens() => Assert.Equal(1, await Run(1));

    static async Task<int> Run(int port)
    {
        using var process = Process.Start(new ProcessStartInfo(Path.Combine(ServeCalls.Folder, "docker", "healthy"), $"{port}")
        {
            RedirectStandardError = true,
        })!;
        await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }
}
