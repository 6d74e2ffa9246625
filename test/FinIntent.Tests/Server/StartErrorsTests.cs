using System.Net;
using System.Net.Sockets;
using FinIntent.Jobs.Classify;
using FinIntent.Server;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>What keeps a server from starting is told in words that name the flag.</summary>
public sealed class StartErrorsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_port_that_is_taken_is_an_error_that_names_it()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        foreach (var host in (string[])["127.0.0.1", "localhost"])
        {
            await using var server = IntentServer.Create(new() { Host = host, Port = port });
            var error = await Assert.ThrowsAsync<UserErrorException>(() => server.StartAsync(TestContext.Current.CancellationToken));
            Assert.Contains($":{port}", error.Message, StringComparison.Ordinal);
            Assert.Contains("--port", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_address_of_another_machine_is_an_error_that_names_it()
    {
        await using var server = IntentServer.Create(new()
        {
            Host = "192.0.2.1", // RFC 5737: of no machine
            Port = 0,
            ApiKeyFile = _folder.Write("keys", "0123456789abcdef"),
            AllowedHosts = ["*"],
        });

        var error = await Assert.ThrowsAsync<UserErrorException>(() => server.StartAsync(TestContext.Current.CancellationToken));

        Assert.StartsWith("--host 192.0.2.1: this machine has no such address", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_number_out_of_its_range_is_an_error_that_names_flag_and_range()
    {
        Assert.Equal("--port is 65536; it must be from 0 to 65535", ErrorOf(new() { Port = 65536 }));
        Assert.Equal("--metrics-port is 0; it must be from 1 to 65535", ErrorOf(new() { MetricsPort = 0 }));
        Assert.StartsWith("--host localhost stands for two", ErrorOf(new() { Host = "localhost", Port = 0 }), StringComparison.Ordinal);
        Assert.StartsWith("--metrics-port and --port are both 8080", ErrorOf(new() { MetricsPort = 8080 }), StringComparison.Ordinal);
        Assert.Equal("--max-rows is 0; it must be 1 or more", ErrorOf(new() { MaxRows = 0 }));
        Assert.Equal("--max-queue-rows is -1; it must be 1 or more", ErrorOf(new() { MaxQueueRows = -1 }));
        Assert.Equal("--max-queue-tokens is 0; it must be 1 or more", ErrorOf(new() { MaxQueueTokens = 0 }));
        Assert.Equal("--max-batch-tokens is 0; it must be 1 or more", ErrorOf(new() { MaxBatchTokens = 0 }));
        Assert.Equal("--max-body-mb is 0; it must be 1 or more", ErrorOf(new() { MaxBodyMb = 0 }));
        Assert.Equal("--max-loaded-adapters is 0; it must be 1 or more", ErrorOf(new() { MaxLoadedAdapters = 0 }));
        Assert.Equal("--kept-beginnings-mb is -1; it must be 0 or more", ErrorOf(new() { KeptBeginningsMb = -1 }));
        Assert.Contains("there is no such folder", ErrorOf(new() { AdapterRoot = _folder["none"] }), StringComparison.Ordinal);
    }

    static string ErrorOf(ServeOptions options) => Assert.Throws<UserErrorException>(() => IntentServer.Create(options)).Message;

    [Fact]
    public async Task A_shadow_that_is_not_served_and_cannot_come_is_an_error()
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => RunningServer.StartAsync(new() { Shadow = "next" }));

        Assert.StartsWith("--shadow next: nothing is served under that name; there are finintent-8m", error.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_misspelt_flag_is_not_taken_for_a_text()
    {
        var error = Assert.Throws<UserErrorException>(() => ClassifyArguments.ForServing("model", ["--prot", "8080"]));

        Assert.Equal("--prot is no flag of finintent serve; --help lists them", error.Message);
    }
}
