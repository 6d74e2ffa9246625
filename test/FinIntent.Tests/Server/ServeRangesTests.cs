using FinIntent.Server;
using Xunit;

namespace FinIntent.Tests.Server;

/// <summary>Numbers with which no server works are refused before it listens.</summary>
public sealed class ServeRangesTests
{
    public static TheoryData<string> Flags => [.. Wrong.Keys];

    static Dictionary<string, ServeOptions> Wrong => new()
    {
        ["--port"] = new() { Port = 65536 },
        ["--metrics-port"] = new() { MetricsPort = -1 },
        ["--max-loaded-adapters"] = new() { MaxLoadedAdapters = 0 },
        ["--kept-beginnings-mb"] = new() { KeptBeginningsMb = -1 },
        ["--max-queue-rows"] = new() { MaxQueueRows = 0 },
        ["--max-queue-tokens"] = new() { MaxQueueTokens = 0 },
        ["--max-batch-tokens"] = new() { MaxBatchTokens = int.MaxValue },
        ["--max-rows"] = new() { MaxRows = 0 },
        ["--max-body-mb"] = new() { MaxBodyMb = -2 },
        ["--batch-wait"] = new() { BatchWait = TimeSpan.FromSeconds(-1) },
        ["--deadline"] = new() { Deadline = TimeSpan.FromDays(60) },
        ["--drain-timeout"] = new() { DrainTimeout = TimeSpan.FromSeconds(-1) },
    };

    [Theory, MemberData(nameof(Flags))]
    public void A_number_that_no_server_works_with_is_refused_by_its_flag(string flag) =>
        Assert.StartsWith($"{flag} is ", Assert.Throws<UserErrorException>(() => IntentServer.Create(Wrong[flag])).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(1e300)]
    [InlineData(double.NegativeInfinity)]
    public void A_time_that_is_none_is_refused(double value) =>
        Assert.Throws<UserErrorException>(() => ServeRanges.Time("--deadline", value, TimeSpan.FromMilliseconds(1)));

    [Fact]
    public void The_defaults_are_possible() => ServeRanges.Check(new());
}
