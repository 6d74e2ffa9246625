using System.Net;
using FinIntent.Server;
using FinIntent.Server.Errors;
using FinIntent.Server.Protection;
using FinIntent.Tests.Classification;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

/// <summary>The routes of the real server, whichever there are: a new one is asked here, too. None needs the model to refuse.</summary>
public sealed class RouteProtectionTests : IDisposable
{
    static readonly string[] Open = ["/health/live", "/health/ready"];

    readonly TemporaryFolder _folder = new();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    async Task<IntentServer> Start(ServeOptions options)
    {
        var server = IntentServer.Create(options with { Port = 0 },
            builder => builder.Logging.ClearProviders().AddProvider(new CollectedLog()));
        await server.StartAsync(Stop);
        return server;
    }

    ServeOptions Keyed => new()
    {
        ApiKeyFile = _folder.Write("api", $"app {ProtectedServer.ApiKey}"),
        AdminKeyFile = _folder.Write("admin", $"ops {ProtectedServer.AdminKey}"),
        AdapterRoot = Directory.CreateDirectory(_folder["adapters"]).FullName,
        VllmMetricNames = true,
    };

    static List<(string Method, string Path, bool IsAdmin)> RoutesOf(IntentServer server) => [..
        from endpoint in server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"]
        let path = string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => segment.IsSimple &&
            segment.Parts[0] is Microsoft.AspNetCore.Routing.Patterns.RoutePatternLiteralPart literal ? literal.Content : "v1"))
        let isAdmin = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Any(data => data.Policy is not null)
        select (method, $"/{path}", isAdmin)];

    static async Task<HttpStatusCode> Ask(IntentServer server, string method, string path, string? key)
    {
        using HttpClient client = new() { BaseAddress = server.Address };
        using HttpRequestMessage request = new(new(method), path);
        if (key is not null) request.Headers.Authorization = new("Bearer", key);
        using var response = await client.SendAsync(request, Stop);
        return response.StatusCode;
    }

    [Fact]
    public async Task Every_route_of_the_server_but_health_refuses_who_has_no_key()
    {
        await using var server = await Start(Keyed);
        var routes = RoutesOf(server);

        Assert.Contains(("POST", "/v1/intent/classify", false), routes);
        foreach (var (method, path, isAdmin) in routes)
        {
            var isOpen = Open.Contains(path);
            Assert.True(isOpen != (await Ask(server, method, path, null) == HttpStatusCode.Unauthorized), $"{method} {path} without a key");
            Assert.True(isOpen != (await Ask(server, method, path, "no-key-of-this-server") == HttpStatusCode.Unauthorized),
                $"{method} {path}");
            Assert.True(isAdmin == (await Ask(server, method, path, ProtectedServer.ApiKey) == HttpStatusCode.Forbidden),
                $"{method} {path}");
        }
        Assert.Equal(Open, routes.Select(route => route.Path).Intersect(Open));
    }

    /// <summary>Whatever changes the server is an admin's.</summary>
    [Fact]
    public async Task Only_admins_may_put_and_delete()
    {
        await using var server = await Start(Keyed);

        Assert.All(RoutesOf(server), route => Assert.Equal(route.Method is "PUT" or "DELETE" or "PATCH", route.IsAdmin));
    }

    [Fact]
    public async Task Without_admin_keys_no_route_changes_the_server()
    {
        await using var server = await Start(Keyed with { AdminKeyFile = null });

        Assert.DoesNotContain(RoutesOf(server), route => route.IsAdmin || route.Method is "PUT" or "DELETE" or "PATCH");
    }

    /// <summary>ASP.NET Core's data protection would write a key into the user's home, and warn that it is in clear.</summary>
    [Fact]
    public async Task No_part_of_the_server_keeps_keys_in_the_users_home()
    {
        await using var server = IntentServer.Create(Keyed);

        Assert.Null(server.Services.GetService(Type.GetType(
            "Microsoft.AspNetCore.DataProtection.IDataProtectionProvider, Microsoft.AspNetCore.DataProtection.Abstractions", true)!));
    }

    [Fact]
    public void A_server_that_is_open_by_mistake_does_not_start()
    {
        Assert.Throws<UserErrorException>(() => IntentServer.Create(new() { Host = "0.0.0.0" }));
        Assert.Throws<UserErrorException>(() => IntentServer.Create(new() { ApiKeyFile = _folder["none"] }));
        Assert.Throws<UserErrorException>(() => IntentServer.Create(new() { ApiKeyFile = _folder.Write("short", "short") }));
        Assert.Throws<UserErrorException>(() => IntentServer.Create(new() { AuditLog = _folder.Path }));
        Assert.Throws<UserErrorException>(() => IntentServer.Create(new() { LogText = _folder["texts"], LogTextDays = 0 }));
    }

    /// <summary>Kestrel's own settings can add an address that no flag names.</summary>
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("10.0.0.7", false)]
    [InlineData("2001:db8::1", false)]
    public void Without_keys_only_the_loopback_address_answers(string address, bool isAnswered)
    {
        Doors doors = new(new());
        DefaultHttpContext context = new() { Connection = { LocalIpAddress = IPAddress.Parse(address) } };
        context.Request.Host = new("localhost");

        if (isAnswered) doors.Check(context, isOpenRoute: false);
        else Assert.Equal("keys_required", Assert.Throws<ServerError>(() => doors.Check(context, isOpenRoute: true)).Code);
        if (!isAnswered) new Doors(new() { ApiKeyFile = "keys" }).Check(context, isOpenRoute: false);
    }
}
