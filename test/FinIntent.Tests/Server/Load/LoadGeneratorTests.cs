using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using FinIntent.Server.Load;
using Xunit;

namespace FinIntent.Tests.Server.Load;

public sealed class LoadGeneratorTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static LoadGenerator Generator(StandIn server, double seconds, double timeout = 30, LoadQuestion? question = null,
        Action<long, int, ReadOnlyMemory<byte>>? onAnswer = null) => new(server.Target,
        new(LoadTexts.Shipped(), server.Target, question ?? new(0, null)),
        new(TimeSpan.Zero, TimeSpan.FromSeconds(seconds), TimeSpan.FromSeconds(timeout)))
        { OnAnswer = onAnswer };

    /// <summary>Clients that wait for their answers see one slow request when a server stands still; users who do not wait see all that
    /// they sent meanwhile (Gil Tene's coordinated omission).</summary>
    [Fact]
    public async Task A_server_that_stands_still_slows_all_requests_of_a_rate_but_one_of_a_waiting_client()
    {
        var still = new TaskCompletionSource();
        using var server = new StandIn(async asked =>
        {
            if (asked.Number == 20) _ = Task.Delay(500, Cancel).ContinueWith(_ => still.SetResult(), TaskScheduler.Default);
            if (asked.Number >= 20) await still.Task;
            await asked.Ok();
        });

        var open = await Generator(server, 1).Open(100, LoadArrivals.Constant, Cancel);

        // About fifty requests were to be sent in the half second; the first of them waited all of it.
        Assert.InRange(open.All.Count(sample => sample.Milliseconds > 100), 30, 60);
        Assert.InRange(open.Percentile(1), 450, 3000);

        var alone = 0;
        using var slowOnce = new StandIn(async asked =>
        {
            if (Interlocked.Increment(ref alone) == 20) await Task.Delay(500, Cancel);
            await asked.Ok();
        });
        var closed = await Generator(slowOnce, 1).Closed(1, Cancel);
        Assert.InRange(closed.All.Count(sample => sample.Milliseconds > 300), 1, 3);
    }

    [Fact]
    public async Task Requests_of_a_rate_are_as_many_as_the_rate_says_whatever_the_server_does()
    {
        using var silent = new StandIn(asked => Task.Delay(1500, Cancel));

        var outcome = await Generator(silent, 1, timeout: 0.2).Open(50, LoadArrivals.Constant, Cancel);

        Assert.Equal(50, outcome.Sent);
        Assert.Equal(50, outcome.WithoutAnswer[LoadEnding.TimedOut]);
        Assert.True(outcome.IsReconciled);
    }

    [Fact]
    public async Task Poisson_arrivals_have_the_rate_and_the_spread_of_a_Poisson_process()
    {
        using var server = new StandIn(asked => asked.Ok());

        var outcome = await Generator(server, 2).Open(200, LoadArrivals.Poisson, Cancel);

        long[] times = [.. outcome.All.Select(sample => sample.Intended).Order()];
        double[] gaps = [.. times.Skip(1).Zip(times, (b, a) => (double)(b - a))];
        var mean = gaps.Average();
        // 400 arrivals: their number varies by 20, the gaps' variance over their squared mean, which is 1, by about 0.15.
        Assert.InRange(outcome.Sent, 320, 480);
        Assert.InRange(gaps.Average(gap => (gap - mean) * (gap - mean)) / (mean * mean), 0.5, 1.7);
    }

    [Fact]
    public async Task Every_request_has_one_end_and_the_ends_are_told_apart()
    {
        using var server = new StandIn(async asked =>
        {
            switch (asked.Number % 8)
            {
                case 0:
                    await asked.Write("HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nretry-after-ms: 20\r\nContent-Length: 0\r\n\r\n");
                    break;
                case 1: await asked.Write("HTTP/1.1 429 Too Many\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"); break;
                case 2: asked.KeepsOpen = false; break;
                case 3:
                    await asked.Write("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{");
                    asked.KeepsOpen = false;
                    break;
                case 4: await asked.Ok("""{"id":"999999999999"}"""); break;
                case 5: await asked.Write("SSH-2.0-OpenSSH\r\n\r\n"); break;
                case 6: await asked.Write("HTTP/1.1 504 Late\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"); break;
                default: await asked.Ok(); break;
            }
        });

        var outcome = await Generator(server, 0.3).Closed(4, Cancel);

        Assert.True(outcome.IsReconciled);
        Assert.Equal(server.Count, outcome.Sent);
        Assert.Equal([200, 429, 504], outcome.ByStatus.Keys);
        Assert.Equal([LoadEnding.Unanswered, LoadEnding.Broken, LoadEnding.NotMine], outcome.WithoutAnswer.Keys);
        var round = server.Count / 8;
        Assert.InRange(outcome.ByStatus[429], 2 * round, 2 * round + 2);
        Assert.InRange(outcome.LackingRetry, round, round + 1);
        Assert.InRange(outcome.WithoutAnswer[LoadEnding.Broken], 2 * round, 2 * round + 2);
    }

    [Fact]
    public async Task An_answer_that_comes_twice_is_not_taken_for_the_next_request()
    {
        using var server = new StandIn(async asked =>
        {
            await asked.Ok();
            if (asked.Number % 10 != 5) return;
            await Task.Delay(20, Cancel);
            await asked.Ok();
        });

        var outcome = await Generator(server, 0.3).Closed(1, Cancel);

        Assert.InRange(outcome.WithoutAnswer.GetValueOrDefault(LoadEnding.NotMine), 1, server.Count / 10 + 1);
    }

    [Fact]
    public async Task A_connection_that_the_server_closed_while_nobody_used_it_is_opened_anew()
    {
        using var server = new StandIn(async asked =>
        {
            await asked.Ok();
            asked.KeepsOpen = false;
        });
        var requests = new LoadRequests(LoadTexts.Shipped(), server.Target, new(0, null));
        using var connection = new LoadConnection(server.Target, requests, null);

        await connection.Send(1, Stopwatch.GetTimestamp());
        await Task.Delay(1100, Cancel);
        await connection.Send(2, Stopwatch.GetTimestamp());
        await connection.Send(3, Stopwatch.GetTimestamp()); // too soon to look: the server's end of the connection is met

        Assert.Equal([LoadEnding.Answered, LoadEnding.Answered, LoadEnding.Unanswered], connection.Samples.Select(sample => sample.Ending));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told()
    {
        StandIn server = new(asked => asked.Ok());
        var generator = Generator(server, 0.2);
        server.Dispose();

        var outcome = await generator.Closed(2, Cancel);

        Assert.Equal([LoadEnding.NotConnected], outcome.WithoutAnswer.Keys);
        Assert.InRange(outcome.Sent, 1, 100);
        Assert.True(outcome.IsReconciled);
    }

    [Fact]
    public async Task Ids_are_given_once_and_adapters_are_asked_in_turn_with_the_deadline()
    {
        ConcurrentBag<JsonElement> bodies = [];
        ConcurrentDictionary<long, string> answers = [];
        using var server = new StandIn(asked =>
        {
            bodies.Add(asked.Body);
            return asked.Ok();
        });

        var generator = Generator(server, 0.2, question: new(3, 250), onAnswer: (index, status, body) =>
            answers[index] = JsonDocument.Parse(body).RootElement.GetProperty("id").GetString()!);
        await generator.Closed(2, Cancel);
        await generator.Closed(2, Cancel);

        Assert.Equal(bodies.Count, bodies.Select(body => body.GetProperty("id").GetString()).Distinct().Count());
        Assert.Equal(bodies.Count, answers.Count);
        Assert.All(answers, answer => Assert.Equal($"{answer.Key:d12}", answer.Value));
        Assert.Equal(["a1", "a2", "a3"], bodies.Select(body => body.GetProperty("adapter").GetString()).Distinct().Order());
        Assert.All(bodies, body => Assert.Equal(250, body.GetProperty("deadline_ms").GetInt32()));
    }
}
