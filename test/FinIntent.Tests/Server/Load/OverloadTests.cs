using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using FinIntent.Evaluation;
using FinIntent.Server.Load;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.Load;

/// <summary>More is asked of the real server than it can answer, or while it stops. What takes minutes is in SoakTests.</summary>
public sealed class OverloadTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    internal static LoadGenerator Generator(LoadTarget target, LoadTexts texts, double seconds, int? deadlineMs = null,
        Action<long, int, ReadOnlyMemory<byte>>? onAnswer = null) =>
        new(target, new(texts, target, new(0, deadlineMs)), new(TimeSpan.Zero, TimeSpan.FromSeconds(seconds), Patience))
        {
            OnAnswer = onAnswer,
        };

    [Fact]
    public async Task At_ten_times_the_load_every_request_gets_an_answer_a_refusal_or_its_deadline_and_the_metrics_have_counted_each()
    {
        await using var server = await RunningServer.StartAsync(new() { MaxQueueRows = 32 });
        LoadTarget target = new(server.Server.Address, null);
        var texts = LoadTexts.Shipped();
        var borne = await Generator(target, texts, 1).Closed(8, Stop);
        using var http = new HttpClient();
        var before = await ServerCounts.Read(http, target);

        // Requests with a deadline that the queue's length can exceed, and requests with none.
        var with = Generator(target, texts, 2, deadlineMs: 100).Open(5 * borne.AnswersPerSecond, LoadArrivals.Poisson, Stop);
        var without = Generator(target, texts, 2).Open(5 * borne.AnswersPerSecond, LoadArrivals.Poisson, Stop);
        await Task.WhenAll(with, without);

        LoadOutcome[] outcomes = [await with, await without];
        Assert.All(outcomes, outcome =>
        {
            Assert.True(outcome.IsReconciled);
            Assert.Equal((0, 0), (outcome.Errors, outcome.LackingRetry));
        });
        Assert.Empty(outcomes[0].ByStatus.Keys.Except([200, 429, 504]));
        Assert.Empty(outcomes[1].ByStatus.Keys.Except([200, 429]));
        Assert.True(outcomes.Sum(o => o.ByStatus.GetValueOrDefault(200)) > 0);
        Assert.True(outcomes.Sum(o => o.ByStatus.GetValueOrDefault(429)) > 0);
        var sent = outcomes.SelectMany(o => o.ByStatus).GroupBy(pair => pair.Key).ToDictionary(g => g.Key, g => g.Sum(pair => pair.Value));
        var counted = await Counted(http, target, before!, outcomes.Sum(o => o.Sent));
        Assert.Equal(sent.OrderBy(pair => pair.Key), ServerCounts.Between(before, counted)!);
    }

    /// <summary>A request is counted when its answer has been written, which its client may see a moment before.</summary>
    static async Task<IReadOnlyDictionary<int, long>> Counted(
        HttpClient http, LoadTarget target, IReadOnlyDictionary<int, long> before, long expected)
    {
        for (var i = 0; ; i++)
        {
            var counted = (await ServerCounts.Read(http, target))!;
            if (counted.Values.Sum() - before.Values.Sum() >= expected || i == 50) return counted;
            await Task.Delay(20, Stop);
        }
    }

    [Fact]
    public async Task Answers_under_load_equal_an_evaluations_to_the_last_bit()
    {
        using var folder = new TemporaryFolder();
        var evaluated = IntentClassifierTests.Evaluated(EmbeddedClassifier.Model, folder);
        var expected = evaluated.DistinctBy(p => p.Question).ToList();
        await using var server = await RunningServer.StartAsync();
        LoadTarget target = new(server.Server.Address, null);
        ConcurrentDictionary<long, double[]> answers = [];
        var requests = new LoadRequests(new([.. expected.Select(p => p.Question)]), target, new(0, null));
        var generator = new LoadGenerator(target, requests, new(TimeSpan.Zero, TimeSpan.FromSeconds(1.5), Patience))
        {
            OnAnswer = (index, status, body) => answers[index] = Probabilities(body),
        };

        var outcome = await generator.Closed(16, Stop);

        Assert.Equal([200], outcome.ByStatus.Keys);
        Assert.True(answers.Count > 16);
        Assert.All(answers.Where(answer => answer.Key < expected.Count), answer =>
            Assert.Equal(Bits(expected[(int)answer.Key].Probabilities!.OrderBy(p => p.Key).Select(p => p.Value)), Bits(answer.Value)));
    }

    static double[] Probabilities(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body);
        return [.. json.RootElement.GetProperty("results")[0].GetProperty("probabilities").EnumerateArray()
            .OrderBy(p => p.GetProperty("label").GetString(), StringComparer.Ordinal)
            .Select(p => p.GetProperty("probability").GetDouble())];
    }

    static IEnumerable<long> Bits(IEnumerable<double> values) => values.Select(BitConverter.DoubleToInt64Bits);

    /// <summary>The program itself, as an operating system stops it.</summary>
    [Fact]
    public async Task A_server_that_is_told_to_end_under_load_answers_what_it_accepted_and_exits_with_0()
    {
        await using var server = await ServerProcess.Start(["--model", EmbeddedClassifier.Model,
            $"intent_schema={EmbeddedClassifier.Schema}", "template=default"], Stop);
        LoadTarget target = new(server.Url, null);

        var load = Generator(target, LoadTexts.Shipped(), 3).Closed(16, Stop);
        await Task.Delay(1000, Stop);
        var told = Stopwatch.GetTimestamp();
        server.Terminate();
        var outcome = await load;

        Assert.Equal(0, await server.Stop());
        Assert.True(outcome.IsReconciled);
        Assert.Empty(outcome.ByStatus.Keys.Except([200, 503]));
        // What was sent before it was told is answered; a connection may be closed before the first byte of a later request only.
        var begun = outcome.All.Where(sample => sample.Sent < told).ToList();
        Assert.NotEmpty(begun);
        Assert.All(begun, sample => Assert.Equal(LoadEnding.Answered, sample.Ending));
        Assert.Empty(outcome.WithoutAnswer.Keys.Except([LoadEnding.NotConnected, LoadEnding.Unanswered]));
        Assert.InRange(outcome.WithoutAnswer.GetValueOrDefault(LoadEnding.Unanswered), 0, 16);
    }

    /// <summary>The command line's own patience with a signal, 2 seconds, does not count.</summary>
    [Fact]
    public async Task A_request_that_takes_longer_than_a_few_seconds_is_answered_after_the_server_is_told_to_end()
    {
        await using var server = await ServerProcess.Start(["--model", EmbeddedClassifier.Model,
            $"intent_schema={EmbeddedClassifier.Schema}", "template=default", "--batch-wait", "3500"], Stop);
        using var http = new HttpClient { BaseAddress = server.Url };
        using var body = new StringContent("""{"input": "茅台还能买吗"}""", Encoding.UTF8, "application/json");

        var answer = http.PostAsync("/v1/intent/classify", body, Stop);
        await Task.Delay(500, Stop);
        server.Terminate();

        using var answered = await answer;
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);
        Assert.Equal(0, await server.Stop());
    }
}
