using System.Collections.Concurrent;
using System.Net;
using System.Runtime.Versioning;
using System.Text;
using System.Text.Json.Nodes;
using FinIntent.Server;
using FinIntent.Tests.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Deploy;

/// <summary>Real servers behind a real nginx.</summary>
[Trait("tier", "demand"), UnsupportedOSPlatform("windows")]
public sealed class NginxRunTests
{
    const string Route = "/v1/intent/classify", Question = """{"input": "茅台还能买吗"}""";

    static readonly ServeOptions Options = new() { AllowedHosts = [RunningNginx.Name] };

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task Answers_and_errors_come_through_and_what_is_not_for_callers_is_closed()
    {
        NeedsNginx();
        await using var server = await RunningServer.StartAsync(Options);
        await using var nginx = await RunningNginx.StartAsync(server.Server.Address.Port);

        var (status, answer) = await Post(nginx, Question);
        Assert.Equal((HttpStatusCode.OK, "个股问询"), (status, answer["results"]![0]!["intent"]!.ToString()));
        var (wrong, error) = await Post(nginx, """{"input": []}""");
        Assert.Equal(HttpStatusCode.BadRequest, wrong);
        Assert.NotNull(error["error"]!["message"]);
        // nginx lets a little more in than the server, so that this is the server's answer.
        var (large, refusal) = await Post(nginx, $$"""{"input": "{{new string('a', 2_000_000)}}"}""");
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "too_large"), (large, refusal["error"]!["code"]!.ToString()));
        foreach (var path in (string[])["/metrics", "/v1/adapters", "/v1/adapters/cards"])
        {
            using var closed = await nginx.Caller.GetAsync(path, Stop);
            Assert.Equal(HttpStatusCode.Forbidden, closed.StatusCode);
        }
    }

    [Fact(Explicit = true)]
    public async Task Requests_share_one_connection_to_the_server()
    {
        NeedsNginx();
        ConcurrentBag<string> connections = [];
        await using var server = await RunningServer.StartAsync(Options, configure: builder =>
        {
            builder.Logging.ClearProviders();
            builder.Services.AddSingleton<IStartupFilter>(new Watch(connections));
        });
        await using var nginx = await RunningNginx.StartAsync(server.Server.Address.Port);

        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, (await Post(nginx, Question)).Status);

        Assert.True(connections.Count > 3);
        Assert.Single(connections.Distinct());
    }

    [Fact(Explicit = true)]
    public async Task A_stream_comes_piece_by_piece()
    {
        NeedsNginx();
        await using var server = await RunningServer.StartAsync(Options);
        await using var nginx = await RunningNginx.StartAsync(server.Server.Address.Port);
        using HttpRequestMessage request = new(HttpMethod.Post, "/v1/chat/completions")
        {
            // Fewer bytes than a buffer of nginx holds: with buffering all of them would come at the end.
            Content = Json("""{"messages": [{"role": "user", "content": "基金"}], "max_completion_tokens": 10, "stream": true, "seed": 1}"""),
        };

        using var answer = await nginx.Caller.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        using StreamReader reader = new(await answer.Content.ReadAsStreamAsync(Stop));
        Assert.StartsWith("data: {", await reader.ReadLineAsync(Stop), StringComparison.Ordinal);
        var stillWritten = server.Host.Admission.Rows;
        var rest = await reader.ReadToEndAsync(Stop);

        Assert.Equal(1, stillWritten);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
    }

    [Fact(Explicit = true)]
    public async Task What_a_stopping_server_refuses_another_one_answers()
    {
        NeedsNginx();
        await using var stopping = await RunningServer.StartAsync(Options);
        await using var other = await RunningServer.StartAsync(Options);
        await using var nginx = await RunningNginx.StartAsync(stopping.Server.Address.Port, other.Server.Address.Port);
        await stopping.Host.Admission.Drain();

        for (var i = 0; i < 6; i++) Assert.Equal(HttpStatusCode.OK, (await Post(nginx, Question)).Status);
    }

    static void NeedsNginx() => Tier.NeedsOnDemand(DeployToolTests.IsOnPath("nginx"), "it needs Debian's nginx");

    static async Task<(HttpStatusCode Status, JsonNode Body)> Post(RunningNginx nginx, string body)
    {
        using var content = Json(body);
        using var answer = await nginx.Caller.PostAsync(Route, content, Stop);
        return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(Stop))!);
    }

    static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    /// <summary>Notes by which connection each request comes.</summary>
    sealed class Watch(ConcurrentBag<string> connections) : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, then) =>
            {
                connections.Add(context.Connection.Id);
                return then(context);
            });
            next(app);
        };
    }
}
