using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using FinIntent.Server.Load;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.Load;

/// <summary>What takes minutes: FinIntent.Tests -class FinIntent.Tests.Server.Load.SoakTests -explicit on -showLiveOutput.</summary>
/// <remarks>FININTENT_SOAK_MINUTES sets how long the mixed load lasts; it is 30.</remarks>
[UnsupportedOSPlatform("windows")]
public sealed class SoakTests : IDisposable
{
    const int DeadlineMs = 2000;
    const double FillSeconds = 300;
    const string Key = "soak-classify-key-0123456789abcdef", AdminKey = "soak-admin-key-0123456789abcdef";

    static readonly TimeSpan SwapsEvery = TimeSpan.FromSeconds(10);

    readonly TemporaryFolder _folder = new();

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    static double Minutes =>
        double.Parse(Environment.GetEnvironmentVariable("FININTENT_SOAK_MINUTES") ?? "30", CultureInfo.InvariantCulture);

    Task<ServerProcess> Start(params string[] flags) => ServerProcess.Start(["--model", EmbeddedClassifier.Model,
        $"intent_schema={EmbeddedClassifier.Schema}", "template=default", .. flags], Stop);

    static void Tell(FormattableString line) => TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(line));

    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task At_ten_times_the_load_99_of_100_accepted_requests_keep_their_deadline()
    {
        await using var server = await Start();
        LoadTarget target = new(server.Url, null);
        var borne = await OverloadTests.Generator(target, LoadTexts.Shipped(), 10).Closed(32, Stop);
        using var http = new HttpClient();
        var before = await ServerCounts.Read(http, target);

        var outcome = await OverloadTests.Generator(target, LoadTexts.Shipped(), 60, DeadlineMs)
            .Open(10 * borne.AnswersPerSecond, LoadArrivals.Poisson, Stop);

        await Task.Delay(500, Stop);
        var counted = ServerCounts.Between(before, await ServerCounts.Read(http, target));
        Tell($"{borne.AnswersPerSecond:f1}/s borne; sent {outcome.Sent} at {outcome.Rate:f0}/s: {string.Join(", ", outcome.ByStatus)}");
        Tell($"accepted: {outcome.AnswersPerSecond:f1}/s, p50 {outcome.Percentile(0.5):f0} ms, p99 {outcome.Percentile(0.99):f0} ms");
        Tell($"late {outcome.LateMilliseconds:f0} ms");
        Assert.True(outcome.IsReconciled);
        Assert.Equal((0, 0), (outcome.Errors, outcome.LackingRetry));
        Assert.Empty(outcome.ByStatus.Keys.Except([200, 429, 504]));
        Assert.Equal(outcome.ByStatus, counted!);
        Assert.True(outcome.Percentile(0.99) <= DeadlineMs);
    }

    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task Memory_is_flat_under_mixed_load_while_adapters_are_swapped_every_ten_seconds()
    {
        var minutes = Minutes;
        await using var server = await StartWithAdapters();
        LoadTarget target = new(server.Url, Key);
        LoadTimes times = new(TimeSpan.Zero, TimeSpan.FromMinutes(minutes), TimeSpan.FromSeconds(60));
        LoadGenerator Mixed(LoadQuestion question) => new(target, new(LoadTexts.Shipped(), target, question), times);
        using var http = new HttpClient();
        var before = await ServerCounts.Read(http, target);

        Task<LoadOutcome>[] loads =
        [
            Mixed(new(2, null)).Closed(4, Stop),
            Mixed(new(0, DeadlineMs)).Closed(4, Stop),
            Mixed(new(2, 200)).Open(20, LoadArrivals.Poisson, Stop),
        ];
        var memory = await SwapAndWatch(server, Task.WhenAll(loads), minutes);
        var outcomes = await Task.WhenAll(loads);

        await Task.Delay(500, Stop);
        var counted = ServerCounts.Between(before, await ServerCounts.Read(http, target));
        var sent = outcomes.SelectMany(o => o.ByStatus).GroupBy(pair => pair.Key).OrderBy(g => g.Key)
            .ToDictionary(g => g.Key, g => g.Sum(pair => pair.Value));
        var slope = Slope(memory);
        var unanswered = string.Concat(outcomes.SelectMany(o => o.WithoutAnswer));
        Tell($"{minutes} minutes, sent {outcomes.Sum(o => o.Sent)}: {string.Join(", ", sent)}{unanswered}");
        Tell($"memory {memory[0].Bytes / 1e6:f0} to {memory[^1].Bytes / 1e6:f0} MB, {slope * 60 / 1e6:f2} MB a minute");
        Assert.All(outcomes, outcome => Assert.Equal((true, 0, 0), (outcome.IsReconciled, outcome.Errors, outcome.LackingRetry)));
        Assert.Empty(sent.Keys.Except([200, 429, 504]));
        Assert.Equal(sent.OrderBy(pair => pair.Key), counted!);
        // Half an hour may not add a twentieth to the server's memory.
        Assert.InRange(slope * 1800, double.NegativeInfinity, 0.05 * memory[0].Bytes);
        Assert.Equal(0, await server.Stop());
    }

    /// <summary>What a replaced version held is given back: without that, each replacement would cost a megabyte.</summary>
    [Fact(Explicit = true), Trait(Tier.Name, Tier.Demand)]
    public async Task Five_hundred_replacements_of_an_adapter_leave_nothing_behind()
    {
        await using var server = await StartWithAdapters();
        using var http = Admin(server);
        List<(double Seconds, long Bytes)> memory = [];
        for (var i = 0; i < 500; i++)
        {
            await Replace(http, i);
            if (i >= 100) memory.Add((i, server.MemoryBytes));
            if (i % 50 == 0) Tell($"{i}: {server.MemoryBytes / 1e6:f1} MB");
        }

        Tell($"{Slope(memory) / 1e3:f1} kB a replacement");
        Assert.InRange(Slope(memory), double.NegativeInfinity, 50_000);
    }

    Task<ServerProcess> StartWithAdapters()
    {
        for (var i = 1; i <= 4; i++) TestAdapters.Write(_folder[$"root/v{i}"], i);
        File.WriteAllText(_folder["keys"], Key);
        File.WriteAllText(_folder["admin"], AdminKey);
        File.SetUnixFileMode(_folder["keys"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.SetUnixFileMode(_folder["admin"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return Start("--adapter", $"a1={_folder["root/v1"]}", "--adapter", $"a2={_folder["root/v2"]}", "--adapter-root", _folder["root"],
            "--api-key-file", _folder["keys"], "--admin-key-file", _folder["admin"]);
    }

    static HttpClient Admin(ServerProcess server)
    {
        var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.Authorization = new("Bearer", AdminKey);
        return http;
    }

    static async Task Replace(HttpClient http, int number)
    {
        using var put = await http.PutAsJsonAsync($"/v1/adapters/a{1 + number % 2}", new { version = $"v{1 + number % 4}" }, Stop);
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync(Stop));
    }

    /// <summary>Replaces adapters in turn until the load ends. Returns the memory after a fifth of the time and five minutes, in which
    /// the allocator's pools fill.</summary>
    async Task<List<(double Seconds, long Bytes)>> SwapAndWatch(ServerProcess server, Task load, double minutes)
    {
        using var http = Admin(server);
        List<(double Seconds, long Bytes)> memory = [];
        var clock = Stopwatch.StartNew();
        for (var i = 0; !load.IsCompleted; i++)
        {
            await Replace(http, i);
            var seconds = clock.Elapsed.TotalSeconds;
            if (seconds > Math.Min(Math.Max(minutes * 12, FillSeconds), minutes * 30)) memory.Add((seconds, server.MemoryBytes));
            if (i % 6 == 0) Tell($"{seconds:f0} s: {server.MemoryBytes / 1e6:f1} MB");
            await Task.WhenAny(load, Task.Delay(SwapsEvery, Stop));
        }
        return memory;
    }

    /// <summary>Returns the slope of the line with the least squares, in bytes a second.</summary>
    static double Slope(List<(double Seconds, long Bytes)> points)
    {
        var (x, y) = (points.Average(p => p.Seconds), points.Average(p => p.Bytes));
        return points.Sum(p => (p.Seconds - x) * (p.Bytes - y)) / points.Sum(p => (p.Seconds - x) * (p.Seconds - x));
    }
}
