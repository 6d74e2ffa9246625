using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using FinIntent.Server.Protection;
using Xunit;

namespace FinIntent.Tests.Server.Protection;

/// <summary>Clients that want to harm, on a real Kestrel. Each is bounded, and the server goes on.</summary>
public sealed partial class HostileClientTests
{
    const string Get = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    /// <summary>Times so short that a test need not wait for the real ones.</summary>
    static readonly ServerLimits Impatient = new()
    {
        HeaderTimeout = TimeSpan.FromSeconds(1),
        KeepAliveTimeout = TimeSpan.FromSeconds(1),
        BodyGrace = TimeSpan.FromSeconds(1.5), // Kestrel takes none of a second or less
        MaxBodyBytes = 1 << 16,
    };

    static async Task<string> Ask(string request, ServerLimits? limits = null)
    {
        await using var server = await ProtectedServer.Start(limits: limits);
        var answer = await RawConnection.Ask(server.Port, request);
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models"));
        return answer;
    }

    static int StatusOf(string answer) => StatusLine().Match(answer) is { Success: true } match
        ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : 0;

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")]
    [InlineData("GET /v1/mod")]
    public async Task A_client_that_sends_headers_byte_by_byte_is_cut(string begin)
    {
        await using var server = await ProtectedServer.Start(limits: Impatient);
        await using var connection = await RawConnection.To(server.Port);
        var watch = Stopwatch.StartNew();

        await connection.Send(begin);
        var dripping = Drip(connection);
        var answer = await connection.ReadToEnd();

        Assert.InRange(watch.Elapsed.TotalSeconds, 0.9, 15);
        Assert.Equal(408, StatusOf(answer));
        await dripping;
        Assert.Equal(HttpStatusCode.OK, await server.StatusOf(HttpMethod.Get, "/v1/models"));
    }

    [Fact]
    public async Task A_client_that_sends_its_body_byte_by_byte_is_cut()
    {
        await using var server = await ProtectedServer.Start(limits: Impatient);
        await using var connection = await RawConnection.To(server.Port);
        var watch = Stopwatch.StartNew();

        await connection.Send("POST /v1/intent/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 60000\r\n\r\n");
        var dripping = Drip(connection);
        var answer = await connection.ReadToEnd();

        Assert.InRange(watch.Elapsed.TotalSeconds, 1.4, 15);
        Assert.Equal(408, StatusOf(answer));
        await dripping;
    }

    static async Task Drip(RawConnection connection)
    {
        try
        {
            for (var i = 0; i < 100; i++)
            {
                await connection.Send("a");
                await Task.Delay(200, TestContext.Current.CancellationToken);
            }
        }
        catch (Exception e) when (e is System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            // It was cut.
        }
    }

    [Fact]
    public async Task An_idle_connection_is_closed()
    {
        await using var server = await ProtectedServer.Start(limits: Impatient);
        await using var never = await RawConnection.To(server.Port);
        await using var once = await RawConnection.To(server.Port);
        await once.Send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Empty(await never.ReadToEnd());
        Assert.Equal(200, StatusOf(await once.ReadToEnd()));
    }

    [Fact]
    public async Task Headers_of_a_megabyte_are_refused()
    {
        Assert.Equal(431, StatusOf(await Ask($"GET / HTTP/1.1\r\nHost: localhost\r\nX-Big: {new string('a', 1 << 20)}\r\n\r\n")));
        var many = string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: 1\r\n"));
        Assert.Equal(431, StatusOf(await Ask($"GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n")));
        Assert.Equal(414, StatusOf(await Ask($"GET /{new string('a', 1 << 20)} HTTP/1.1\r\nHost: localhost\r\n\r\n")));
    }

    [Fact]
    public async Task A_body_above_the_limit_is_refused_by_its_length_and_while_it_comes()
    {
        const string post = "POST /v1/intent/classify HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";

        Assert.Equal(413, StatusOf(await Ask($"{post}Content-Length: 999999999999\r\n\r\n", Impatient)));
        var chunk = $"8000\r\n{new string('a', 0x8000)}\r\n";
        Assert.Equal(413, StatusOf(await Ask($"{post}Transfer-Encoding: chunked\r\n\r\n{chunk}{chunk}{chunk}0\r\n\r\n", Impatient)));
    }

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Bad: \xff\xfe\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: local\xff\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/\xff\xfe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n")] // no host
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")]
    [InlineData("GET http://evil.example/v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
    [InlineData("GET http://evil.example/v1/models HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")]
    [InlineData("CONNECT localhost:80 HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n")]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\nConnection: close\r\n\r\n")]
    [InlineData("POST /v1/intent/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")]
    [InlineData("POST /v1/intent/classify HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")] // TLS on a port without it
    public async Task A_malformed_request_is_answered_with_400(string request) => Assert.Equal(400, StatusOf(await Ask(request)));

    [Theory]
    [InlineData("GET /v1/%ff%fe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("GET /v1/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("GET http://localhost/v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200)]
    [InlineData("TRACE /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Secret: canary\r\nConnection: close\r\n\r\n", 405)]
    [InlineData("BREW /v1/models HTTP/1.1\r\nHost: localhost\r\nX-Secret: canary\r\nConnection: close\r\n\r\n", 405)]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404)]
    [InlineData("GET /v1/models HTTP/9.9\r\nHost: localhost\r\n\r\n", 505)]
    public async Task An_odd_request_is_answered_and_nothing_of_it_sent_back(string request, int status)
    {
        var answer = await Ask(request);

        Assert.Equal(status, StatusOf(answer));
        Assert.DoesNotContain("canary", answer, StringComparison.Ordinal);
    }

    /// <summary>Kestrel takes the end of what a client sends for its going; the work for it ends, and the connection too.</summary>
    [Fact]
    public async Task A_half_closed_connection_ends_with_its_request()
    {
        await using var server = await ProtectedServer.Start();
        await using var connection = await RawConnection.To(server.Port);

        await connection.Send("GET /slow/20000 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        connection.EndSending();

        Assert.Empty(await connection.ReadToEnd());
        Assert.True(await server.Aborted.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Pipelined_requests_are_answered_in_their_order()
    {
        await using var server = await ProtectedServer.Start();
        int[] waits = [200, 1, 100, 0, 50];

        var answer = await RawConnection.Ask(server.Port,
            string.Concat(waits.Select(n => $"GET /slow/{n} HTTP/1.1\r\nHost: localhost\r\n\r\n")) + Get);

        Assert.Equal(waits, Answers().Matches(answer).Select(m => int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public Task Connections_above_the_bound_are_closed() => Crowd(connections: 200, bound: 100);

    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task Ten_thousand_idle_connections_are_bounded()
    {
        Tier.NeedsOnDemand(ServerLimits.OpenFileLimit() is not { } files || files > 20_000 - 1, "a process may open too few files");
        await Crowd(connections: 9_500, bound: 9_000); // both ends are files of this process
    }

    /// <summary>Opens idle connections; those within the bound leave room for nobody, one less and the server answers as ever.</summary>
    static async Task Crowd(int connections, int bound)
    {
        await using var server = await ProtectedServer.Start(limits: new() { MaxConnections = bound });
        List<RawConnection> crowd = [];
        try
        {
            for (var i = 0; i < bound - 1; i++) crowd.Add(await RawConnection.To(server.Port));
            Assert.Equal(200, StatusOf(await RawConnection.Ask(server.Port, Get)));
            for (var i = crowd.Count; i < connections; i++) crowd.Add(await RawConnection.To(server.Port));
            Assert.Empty(await crowd[^1].ReadToEnd()); // closed at once, long before the time for idle ones
        }
        finally
        {
            foreach (var connection in crowd) await connection.DisposeAsync();
        }
        var answer = "";
        for (var i = 0; i < 50 && StatusOf(answer) != 200; i++)
        {
            await Task.Delay(100, TestContext.Current.CancellationToken);
            answer = await RawConnection.Ask(server.Port, Get);
        }
        Assert.Equal(200, StatusOf(answer));
    }

    [GeneratedRegex(@"^HTTP/1\.1 (\d+)")]
    private static partial Regex StatusLine();

    [GeneratedRegex(@"answer-(\d+)")]
    private static partial Regex Answers();
}
