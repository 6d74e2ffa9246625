using System.Net;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

public sealed class DoorTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("localhost", 200)]
    [InlineData("localhost:1234", 200)]
    [InlineData("LOCALHOST", 200)]
    [InlineData("127.0.0.1", 200)]
    [InlineData("[::1]:80", 200)]
    [InlineData("intents.example.com", 200)]
    [InlineData("a.bank.cn", 200)]
    [InlineData("bank.cn", 400)]
    [InlineData("evil.example", 400)]
    [InlineData("localhost.evil.example", 400)]
    [InlineData("127.0.0.2", 400)]
    public async Task Only_known_hosts_are_answered(string host, int status)
    {
        await using var server = await ProtectedServer.Start(new() { AllowedHosts = ["intents.example.com", "*.bank.cn"] });

        Assert.Equal(status, (int)await server.StatusOf(HttpMethod.Get, "/v1/models", $"Host: {host}"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/health/live", $"Host: {host}")); // a node asks by address
    }

    [Fact]
    public async Task A_star_answers_every_host()
    {
        await using var server = await ProtectedServer.Start(new() { AllowedHosts = ["*"] });

        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models", "Host: any.example"));
    }

    [Theory]
    [InlineData("https://app.example.com", 200)]
    [InlineData("https://app.example.com:8443", 403)]
    [InlineData("http://app.example.com", 403)]
    [InlineData("https://evil.example", 403)]
    [InlineData("null", 403)]
    public async Task Only_named_origins_may_ask(string origin, int status)
    {
        await using var server = await ProtectedServer.Start(new() { CorsOrigins = ["https://app.example.com"] });

        using var response = await server.Send(HttpMethod.Post, "/v1/intent/classify", $"Origin: {origin}");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(status == 200 ? [origin] : [], Values(response, "Access-Control-Allow-Origin"));
        Assert.Empty(Values(response, "Access-Control-Allow-Credentials"));
    }

    [Fact]
    public async Task A_browser_may_ask_before_it_asks_without_a_key()
    {
        await using var server = await ProtectedServer.Start(
            new() { CorsOrigins = ["https://app.example.com"] }, apiKeys: _folder.Write("api", ProtectedServer.ApiKey));

        using var response = await server.Send(HttpMethod.Options, "/v1/intent/classify", "Origin: https://app.example.com",
            "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization,content-type");
        using var refused = await server.Send(HttpMethod.Options, "/v1/adapters/bank", "Origin: https://app.example.com",
            "Access-Control-Request-Method: DELETE");

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(["https://app.example.com"], Values(response, "Access-Control-Allow-Origin"));
        Assert.DoesNotContain("DELETE", string.Join(',', Values(refused, "Access-Control-Allow-Methods")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_named_origins_no_page_of_another_site_is_answered()
    {
        await using var server = await ProtectedServer.Start();

        using var own = await server.Send(HttpMethod.Get, "/v1/models", $"Origin: http://127.0.0.1:{server.Port}");
        using var other = await server.Send(HttpMethod.Get, "/v1/models", "Origin: https://evil.example");

        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, other.StatusCode);
        Assert.Empty(Values(own, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task An_answer_says_nothing_of_the_server_and_is_not_kept_by_caches()
    {
        await using var server = await ProtectedServer.Start();

        foreach (var path in new[] { "/v1/models", "/health/live", "/none" })
        {
            using var response = await server.Send(HttpMethod.Get, path);
            Assert.Equal(["nosniff"], Values(response, "X-Content-Type-Options"));
            Assert.Equal(["no-store"], Values(response, "Cache-Control"));
            Assert.Empty(Values(response, "Server"));
        }
    }

    [Theory]
    [InlineData(2, 2)]
    [InlineData(0.5, 1)]
    public async Task A_sender_of_too_many_requests_is_told_when_to_come_again(double rate, int atOnce)
    {
        await using var server = await ProtectedServer.Start(new() { RequestRate = rate });

        for (var i = 0; i < atOnce; i++) Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models"));
        using var refused = await server.Send(HttpMethod.Get, "/v1/models");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/health/live"));
        var wait = int.Parse(Values(refused, "retry-after-ms").Single(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(wait, 1000 / rate, 1000 / rate + 101);
        await Task.Delay(wait + 50, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models"));
    }

    [Fact]
    public async Task Each_key_has_a_rate_of_its_own_and_guessing_keys_has_one_too()
    {
        await using var server = await ProtectedServer.Start(new() { RequestRate = 0.01 },
            apiKeys: _folder.Write("api", $"a {ProtectedServer.ApiKey}\nb {ProtectedServer.ApiKey}2\nb {ProtectedServer.ApiKey}3"));

        Task<HttpStatusCode> Ask(string key) => server.StatusOf(HttpMethod.Get, "/v1/models", $"X-API-Key: {key}");

        Assert.Equal(HttpStatusCode.OK, await Ask(ProtectedServer.ApiKey));
        Assert.Equal(HttpStatusCode.TooManyRequests, await Ask(ProtectedServer.ApiKey));
        Assert.Equal(HttpStatusCode.OK, await Ask($"{ProtectedServer.ApiKey}2"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await Ask($"{ProtectedServer.ApiKey}3")); // two keys of one name are one sender
        Assert.Equal(HttpStatusCode.Unauthorized, await Ask("wrong-wrong-wrong-wrong"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await Ask("other-other-other-other"));
    }

    static IEnumerable<string> Values(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values) ? values : [];
}
