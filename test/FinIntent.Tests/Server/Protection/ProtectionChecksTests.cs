using FinIntent.Server;
using FinIntent.Server.Protection;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

public sealed class ProtectionChecksTests
{
    static readonly ServeOptions Loopback = new(), Keyed = new() { ApiKeyFile = "keys" };

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.0.0.53")]
    [InlineData("localhost")]
    [InlineData("::1")]
    public void The_loopback_address_needs_nothing(string host) => ProtectionChecks.Check(Loopback with { Host = host });

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("*")]
    [InlineData("10.0.0.7")]
    [InlineData("localhost.example.com")]
    [InlineData("intents.example.com")]
    public void Another_address_needs_keys_and_the_names_of_hosts(string host)
    {
        Assert.Contains("--api-key-file", ErrorOf(Loopback with { Host = host, AllowedHosts = ["*"] }), StringComparison.Ordinal);
        Assert.Contains("--allowed-hosts", ErrorOf(Keyed with { Host = host }), StringComparison.Ordinal);
        ProtectionChecks.Check(Keyed with { Host = host, AllowedHosts = ["intents.example.com", "*.bank.cn", "[::1]", "银行.中国"] });
        ProtectionChecks.Check(Keyed with { Host = host, AllowedHosts = ["*"] });
    }

    [Theory]
    [InlineData("https://example.com")]
    [InlineData("example.com:8080")]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("ex*mple.com")]
    public void What_is_no_host_is_an_error(string host) =>
        Assert.Contains($"--allowed-hosts {host}", ErrorOf(Loopback with { AllowedHosts = [host] }), StringComparison.Ordinal);

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("example.com")]
    [InlineData("https://example.com/")]
    [InlineData("https://example.com/path")]
    [InlineData("ftp://example.com")]
    public void What_is_no_origin_is_an_error(string origin) =>
        Assert.Contains($"--cors-origin {origin}", ErrorOf(Loopback with { CorsOrigins = [origin] }), StringComparison.Ordinal);

    [Fact]
    public void Origins_are_names_or_with_keys_any()
    {
        ProtectionChecks.Check(Loopback with { CorsOrigins = ["https://example.com", "http://localhost:3000"] });
        ProtectionChecks.Check(Keyed with { CorsOrigins = ["*"] });
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_rate_is_above_0_and_finite(double rate) =>
        Assert.Contains("--request-rate", ErrorOf(Loopback with { RequestRate = rate }), StringComparison.Ordinal);

    [Theory]
    [InlineData(20_000L, 19_488)]
    [InlineData(1_048_576L, 20_000)]
    [InlineData(100L, 1)]
    [InlineData(null, 20_000)]
    public void Connections_are_bounded_by_the_files_that_a_process_may_open(long? files, int connections) =>
        Assert.Equal(connections, new ServerLimits().ConnectionsWithin(files));

    static string ErrorOf(ServeOptions options) => Assert.Throws<UserErrorException>(() => ProtectionChecks.Check(options)).Message;
}
