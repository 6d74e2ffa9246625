using System.Net;
using FinIntent.Server;
using FinIntent.Server.Serving;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>What the server does when there is more to do than it can, or no time left.</summary>
public sealed class BoundsTests
{
    const string Route = "/v1/intent/classify";

    static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Keeps the computing thread busy until it is disposed.</summary>
    sealed class Block : IDisposable
    {
        readonly ManualResetEventSlim _end = new();
        readonly Task _work;

        public Block(ModelHost host)
        {
            using var begun = new ManualResetEventSlim();
            _work = host.Run(() =>
            {
                begun.Set();
                return _end.Wait(Long);
            }, CancellationToken.None);
            Assert.True(begun.Wait(Long));
        }

        public void Dispose()
        {
            _end.Set();
            _work.Wait();
        }
    }

    static async Task Until(Func<bool> isSo)
    {
        for (var i = 0; i < 600 && !isSo(); i++) await Task.Delay(50, Stop);
        Assert.True(isSo());
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_and_says_when_to_come_again()
    {
        await using var server = await RunningServer.StartAsync(new() { MaxQueueRows = 2 });
        using var block = new Block(server.Host);
        var accepted = server.PostAsync(Route, """{"input": ["a", "b"]}""");
        await Until(() => server.Host.Admission.Rows == 2);

        using var content = new StringContent("""{"input": "c"}""", System.Text.Encoding.UTF8, "application/json");
        using var refused = await server.Client.PostAsync(Route, content, Stop);

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.True(refused.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        Assert.InRange(int.Parse(refused.Headers.GetValues("retry-after-ms").Single()), 1, 30_000);
        Assert.Contains("2 texts of 2 wait", await refused.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        block.Dispose();
        Assert.Equal(HttpStatusCode.OK, (await accepted).Status);
        Assert.Equal((0, 0), (server.Host.Admission.Rows, server.Host.Admission.Tokens));
    }

    [Fact]
    public async Task Tokens_are_bounded_as_texts_are()
    {
        int each;
        await using (var roomy = await RunningServer.StartAsync())
            each = (int)(await roomy.PostAsync(Route, """{"input": "a"}""")).Body["usage"]!["prompt_tokens"]!;
        var most = 5 * each / 2;
        await using var server = await RunningServer.StartAsync(new() { MaxQueueTokens = most });
        using var block = new Block(server.Host);
        var accepted = server.PostAsync(Route, """{"input": "a"}""");
        await Until(() => server.Host.Admission.Tokens == each);

        var (busy, body) = await server.PostAsync(Route, """{"input": ["b", "c"]}""");
        var (never, message) = await server.PostAsync(Route, """{"input": ["a", "b", "c"]}""");

        Assert.Equal(HttpStatusCode.TooManyRequests, busy);
        Assert.Equal("queue_full", (string?)body["error"]!["code"]);
        Assert.Equal(HttpStatusCode.BadRequest, never);
        Assert.Contains($"and the server takes {most} at most", (string?)message["error"]!["message"], StringComparison.Ordinal);
        block.Dispose();
        Assert.Equal(HttpStatusCode.OK, (await accepted).Status);
    }

    [Fact]
    public async Task A_request_with_too_many_texts_or_bytes_is_refused_with_both_numbers()
    {
        await using var server = await RunningServer.StartAsync(new() { MaxRows = 2, MaxBodyMb = 1 });

        var (rows, body) = await server.PostAsync(Route, """{"input": ["a", "b", "c"]}""");
        using var large = new HttpRequestMessage(HttpMethod.Post, Route)
        {
            Content = new StringContent($$"""{"input": "{{new string('a', 1_100_000)}}"}""", System.Text.Encoding.UTF8, "application/json"),
        };
        large.Headers.ExpectContinue = true; // else the answer may come while the body is being sent, and the connection breaks
        using var refused = await server.Client.SendAsync(large, Stop);
        var (tokens, long_) = await server.PostAsync(Route, $$"""{"input": "{{new string('涨', 9000)}}"}""");

        Assert.Equal(HttpStatusCode.BadRequest, rows);
        Assert.Contains("input has 3 texts and the server takes 2", (string?)body["error"]!["message"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, tokens);
        Assert.Matches("has [0-9]+ tokens and the model reads [0-9]+", (string?)long_["error"]!["message"]);
    }

    [Fact]
    public async Task A_deadline_that_passes_ends_with_504_and_the_text_is_not_computed()
    {
        await using var server = await RunningServer.StartAsync();
        using var block = new Block(server.Host);

        var (status, body) = await server.PostAsync(Route, """{"input": "a", "deadline_ms": 100}""");

        Assert.Equal(HttpStatusCode.GatewayTimeout, status);
        Assert.Equal("deadline_exceeded", (string?)body["error"]!["code"]);
        Assert.Equal((0, 0), (server.Host.Admission.Rows, server.Host.Admission.Tokens));
        var forwards = 0;
        server.Host.OnForward += (_, _) => forwards++;
        block.Dispose();
        await server.Host.Run(() => true, Stop);
        Assert.Equal(0, forwards);
    }

    [Fact]
    public async Task A_caller_that_goes_leaves_its_place()
    {
        await using var server = await RunningServer.StartAsync();
        using var block = new Block(server.Host);
        using var gone = new CancellationTokenSource();
        using var content = new StringContent("""{"input": "a"}""", System.Text.Encoding.UTF8, "application/json");
        var asked = server.Client.PostAsync(Route, content, gone.Token);
        await Until(() => server.Host.Admission.Rows == 1);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await Until(() => server.Host.Admission.Rows == 0);
    }

    [Fact]
    public async Task Stopping_answers_what_was_accepted_and_refuses_what_comes()
    {
        await using var server = await RunningServer.StartAsync();
        using var block = new Block(server.Host);
        var accepted = server.PostAsync(Route, """{"input": "大盘怎么样"}""");
        await Until(() => server.Host.Admission.Rows == 1);

        var stopped = Task.Run(() => server.Server.StopAsync(), Stop);
        await Until(() => server.Host.Admission.IsDraining);
        var (ready, state) = ((await server.Client.GetAsync("/health/ready", Stop)).StatusCode, "draining");
        var (refused, body) = await server.PostAsync(Route, """{"input": "b"}""");
        Assert.False(stopped.IsCompleted);
        block.Dispose();

        Assert.Equal((HttpStatusCode.ServiceUnavailable, HttpStatusCode.ServiceUnavailable), (ready, refused));
        Assert.Equal(state, (string?)body["error"]!["code"]);
        Assert.Equal(HttpStatusCode.OK, (await accepted).Status);
        await stopped.WaitAsync(Long, Stop);
    }

    [Fact]
    public async Task A_forward_that_fails_answers_its_own_texts_with_500_and_the_server_lives()
    {
        await using var server = await RunningServer.StartAsync();
        var isBroken = true;
        server.Host.OnForward += (_, _) =>
        {
            if (isBroken) throw new InvalidOperationException("broken");
        };

        var (status, body) = await server.PostAsync(Route, """{"input": "a"}""");
        isBroken = false;
        var (after, _) = await server.PostAsync(Route, """{"input": "a"}""");

        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.DoesNotContain("broken", body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, after);
    }

    [Fact]
    public async Task A_request_of_more_texts_than_the_queue_ever_holds_is_wrong_and_not_too_early()
    {
        await using var server = await RunningServer.StartAsync(new() { MaxQueueRows = 2 });

        var (status, body) = await server.PostAsync(Route, """{"input": ["a", "b", "c"]}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("the request has 3 texts and the server takes 2", (string?)body["error"]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", """ "messages": [{"role": "user", "content": "a"}] """)]
    [InlineData("/v1/completions", """ "prompt": "a" """)]
    public async Task More_tokens_than_the_model_has_room_for_are_counted_as_that_room(string route, string prompt)
    {
        await using var server = await RunningServer.StartAsync();
        using var block = new Block(server.Host);
        var asked = server.PostAsync(route, $$$"""{{{{prompt}}}, "max_tokens": 2147483647, "deadline_ms": 1500}""");

        await Until(() => server.Host.Admission.Tokens != 0);

        Assert.Equal(server.Host.Chat.Model.Shape.MaxPositions, server.Host.Admission.Tokens);
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await asked).Status);
        Assert.Equal((0, 0), (server.Host.Admission.Rows, server.Host.Admission.Tokens));
    }

    [Fact]
    public async Task What_outlasts_the_drain_is_cut_off_soon_after()
    {
        await using var server = await RunningServer.StartAsync(new() { DrainTimeout = TimeSpan.FromSeconds(0.5) });
        using var block = new Block(server.Host);
        var accepted = server.PostAsync(Route, """{"input": "a"}""");
        await Until(() => server.Host.Admission.Rows == 1);
        var clock = System.Diagnostics.Stopwatch.StartNew();

        await server.Server.StopAsync(TestContext.Current.CancellationToken).WaitAsync(Long, Stop);

        Assert.InRange(clock.Elapsed.TotalSeconds, 0.5, 4.5); // half a second, and one more for the connections; it was five more
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => accepted);
    }

    [Fact]
    public async Task The_device_keeps_as_many_adapters_as_the_flag_says()
    {
        await using var server = await RunningServer.StartAsync(new() { MaxLoadedAdapters = 3 });

        Assert.Equal(3, server.Host.Chat.Model.AdapterRoom.MaxLoaded);
    }

    [Fact]
    public async Task A_caller_that_resets_the_connection_in_its_body_is_no_failure_of_the_server()
    {
        Classification.CollectedLog log = new();
        await using var server = await RunningServer.StartAsync(configure: builder => builder.Logging.ClearProviders().AddProvider(log));
        await using (var connection = await Protection.RawConnection.To(server.Server.Address.Port))
        {
            await connection.Send($"POST {Route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
                "Content-Length: 100\r\n\r\n{\"input\"");
            await Task.Delay(200, Stop);
            connection.Reset();
        }

        await Until(() => server.Client.GetStringAsync("/metrics", Stop).Result.Contains("code=\"499\"", StringComparison.Ordinal));

        Assert.DoesNotContain(log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }
}
