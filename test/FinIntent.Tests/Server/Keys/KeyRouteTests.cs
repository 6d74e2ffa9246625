using System.Net;
using FinIntent.Tests.Server.Protection;
using Xunit;
using static FinIntent.Tests.Server.Protection.ProtectedServer;

namespace FinIntent.Tests.Server.Keys;

public sealed class KeyRouteTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    Task<ProtectedServer> WithKeys(bool isAdmin = true) => Start(
        apiKeys: _folder.Write("api", $"app {ApiKey}"), adminKeys: isAdmin ? _folder.Write("admin", $"ops {AdminKey}") : null);

    [Fact]
    public async Task Every_route_but_health_needs_a_key()
    {
        await using var server = await WithKeys();

        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/health/live"));
        foreach (var path in new[] { "/v1/models", "/slow/1", "/no/such/route", "/", "/health/live/more" })
            Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusOf(HttpMethod.Get, path));
        Assert.Equal(HttpStatusCode.NotFound, await server.StatusOf(HttpMethod.Get, "/no/such/route", $"X-API-Key: {ApiKey}"));
    }

    [Theory]
    [InlineData($"Authorization: Bearer {ApiKey}", 200)]
    [InlineData($"Authorization: bearer {ApiKey}", 200)]
    [InlineData($"X-API-Key: {ApiKey}", 200)]
    [InlineData($"api-key: {ApiKey}", 200)]
    [InlineData($"api-key: {AdminKey}", 200)]
    [InlineData($"Authorization: Bearer {ApiKey}x", 401)]
    [InlineData($"Authorization: {ApiKey}", 401)]
    [InlineData($"Authorization: Basic {ApiKey}", 401)]
    [InlineData("Authorization: Bearer", 401)]
    [InlineData("X-API-Key: ", 401)]
    public async Task A_key_is_taken_from_the_headers_that_clients_send(string header, int status)
    {
        await using var server = await WithKeys();

        Assert.Equal(status, (int)await server.StatusOf(HttpMethod.Get, "/v1/models", header));
    }

    [Fact]
    public async Task A_refusal_tells_the_scheme_and_not_the_key()
    {
        await using var server = await WithKeys();

        using var none = await server.Send(HttpMethod.Get, "/v1/models");
        using var wrong = await server.Send(HttpMethod.Get, "/v1/models", "X-API-Key: canary-key-of-a-caller");

        Assert.Equal("Bearer", none.Headers.WwwAuthenticate.ToString());
        Assert.StartsWith("Bearer", wrong.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        var body = await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"invalid_api_key\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Log.Lines.Append(body), line => line.Contains("canary-key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Adapters_are_changed_by_admin_keys_alone()
    {
        await using var server = await WithKeys();

        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusOf(HttpMethod.Put, "/v1/adapters/bank"));
        Assert.Equal(HttpStatusCode.Forbidden, await server.StatusOf(HttpMethod.Put, "/v1/adapters/bank", $"X-API-Key: {ApiKey}"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Put, "/v1/adapters/bank", $"X-API-Key: {AdminKey}"));
        var audit = server.Log.Lines.Where(line => line.Contains("FinIntent.Audit", StringComparison.Ordinal)).ToList();
        Assert.Collection(audit,
            line => Assert.Contains("\"key\":null,\"action\":\"PUT\",\"adapter\":\"bank\"", line, StringComparison.Ordinal),
            line => Assert.Contains("\"key\":\"app\",\"action\":\"PUT\",\"adapter\":\"bank\"", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Adapters_cannot_be_changed_where_there_are_no_admin_keys()
    {
        await using var server = await WithKeys(isAdmin: false);

        Assert.Equal(HttpStatusCode.NotFound, await server.StatusOf(HttpMethod.Put, "/v1/adapters/bank", $"X-API-Key: {ApiKey}"));
    }

    [Fact]
    public async Task With_admin_keys_alone_everybody_may_classify_and_admins_change_adapters()
    {
        await using var server = await Start(adminKeys: _folder.Write("admin", $"ops {AdminKey}"));

        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models"));
        Assert.Equal(HttpStatusCode.Unauthorized, await server.StatusOf(HttpMethod.Put, "/v1/adapters/bank"));
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Put, "/v1/adapters/bank", $"Authorization: Bearer {AdminKey}"));
    }

    [Fact]
    public async Task Without_key_files_whoever_reaches_the_server_may_ask()
    {
        await using var server = await Start();

        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models",
            "Authorization: Bearer sk-no-key-of-this-server"));
    }
}
