using System.Text.Json.Nodes;
using FinIntent.Server.TextLog;
using FinIntent.Tests.Classification;
using Xunit;

namespace FinIntent.Tests.Server.TextLog;

public sealed class TextLogTests : IDisposable
{
    static readonly CancellationToken None = CancellationToken.None;

    readonly TemporaryFolder _folder = new();
    readonly CollectedLog _log = new();
    readonly SettableClock _clock = new() { Now = new(2026, 11, 30, 23, 59, 59, TimeSpan.Zero) };

    string Folder => _folder["texts"];
    string Today => Path.Combine(Folder, "texts-2026-11-30.jsonl");

    public void Dispose() => _folder.Dispose();

    TextLogWriter New(TextLogOptions? options = null, Func<double>? draw = null) =>
        new(options ?? new(Folder), _log.CreateLogger("texts"), _clock, draw ?? (() => 0));

    static TextRecord Record(string text) => new(text, "bank", "v1", "查询余额", "A", 0.75, 0.5)
    {
        Abstained = false,
        PredictionSet = ["查询余额", "转账"],
    };

    async Task<TextLogWriter> Write(TextLogOptions? options, params string[] texts)
    {
        using var log = New(options);
        foreach (var text in texts) log.Add(Record(text));
        await log.StartAsync(None);
        await log.StopAsync(None);
        return log;
    }

    [Fact]
    public async Task A_line_holds_the_text_masked_and_what_was_answered()
    {
        var log = await Write(null, "我的号码13800138000\n第二行\u2028");

        var line = Assert.Single(File.ReadAllLines(Today));
        Assert.Equal("""
            {"time":"2026-11-30T23:59:59.000Z","adapter":"bank","adapter_version":"v1","intent":"查询余额","label":"A","probability":0.75,"margin":0.5,"abstained":false,"prediction_set":["查询余额","转账"],"text":"我的号码[NUM]\n第二行\u2028"}
            """, line);
        Assert.Equal((1, 0, 0), (log.Written, log.Dropped, log.Lost));
    }

    [Fact]
    public async Task Texts_are_written_as_they_came_if_that_is_asked_for()
    {
        await Write(new(Folder) { Raw = true }, "我的号码13800138000", "lone \ud800");

        Assert.Equal(["我的号码13800138000", "lone \ufffd"], File.ReadAllLines(Today).Select(line => (string?)JsonNode.Parse(line)!["text"]));
    }

    [Fact]
    public async Task What_waits_is_written_when_the_log_is_disposed_without_a_stop()
    {
        using (var log = New())
        {
            await log.StartAsync(None);
            for (var i = 0; i < 1000; i++) log.Add(Record("x"));
        }

        Assert.Equal(1000, File.ReadLines(Today).Count());
    }

    [Fact]
    public async Task A_file_gets_the_day_in_its_name()
    {
        await Write(new(_folder["a.b.jsonl"]), "x");

        Assert.Single(File.ReadAllLines(_folder["a.b-2026-11-30.jsonl"]));
    }

    [Fact]
    public async Task A_day_has_a_file_and_old_ones_are_deleted()
    {
        Directory.CreateDirectory(Folder);
        string[] others = ["texts-2020-01-01.json", "texts-20200101.jsonl", "texts-2020-13-01.jsonl", "other-2020-01-01.jsonl",
            "texts-2020-01-01-b.jsonl"];
        foreach (var name in others.Append("texts-2026-11-28.jsonl").Append("texts-2026-11-29.jsonl"))
            File.WriteAllText(Path.Combine(Folder, name), "{}\n");
        using var log = New(new(Folder) { Days = 2 });
        await log.StartAsync(None);

        log.Add(Record("today"));
        await Until(() => log.Written == 1);
        Assert.Equal(["texts-2026-11-29.jsonl", "texts-2026-11-30.jsonl"], DayFiles(others));
        _clock.Now = _clock.Now.AddSeconds(2);
        log.Add(Record("tomorrow"));
        await log.StopAsync(None);

        Assert.Equal(["texts-2026-11-30.jsonl", "texts-2026-12-01.jsonl"], DayFiles(others));
    }

    IEnumerable<string?> DayFiles(string[] others)
    {
        var names = Directory.GetFiles(Folder).Select(Path.GetFileName).Where(name => !name!.StartsWith('.'))
            .Order(StringComparer.Ordinal).ToList();
        Assert.Empty(others.Except(names));
        return names.Except(others);
    }

    [Theory]
    [InlineData("{\"a\":1}\n{\"b\":", "{\"a\":1}\n")] // killed while it wrote
    [InlineData("{\"a\":1}\n{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n")]
    [InlineData("{\"b", "")]
    [InlineData("{\"a\":1}\n", "{\"a\":1}\n")]
    [InlineData("", "")]
    public async Task A_torn_last_line_is_mended(string before, string kept)
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Today, before);

        await Write(null, "x");

        var after = File.ReadAllText(Today);
        Assert.StartsWith(kept + "{\"time\"", after, StringComparison.Ordinal);
        Assert.All(File.ReadAllLines(Today), line => Assert.NotNull(JsonNode.Parse(line)));
    }

    [Fact]
    public async Task A_torn_line_longer_than_a_block_is_cut_off()
    {
        Directory.CreateDirectory(Folder);
        File.WriteAllText(Today, "{\"a\":1}\n{\"b\":\"" + new string('x', 200_000));

        await Write(null, "x");

        Assert.Equal(2, File.ReadAllLines(Today).Length);
    }

    /// <summary>A hundred draws 0, 0.01, …, 0.99: those below the share are written.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.25, 25)]
    [InlineData(1, 100)]
    public async Task A_share_of_texts_is_written_at_random(double share, int written)
    {
        var draws = 0;
        using var log = New(new(Folder) { Sample = share }, () => draws++ / 100.0);

        for (var i = 0; i < 100; i++) log.Add(Record("the same text"));
        await log.StartAsync(None);
        await log.StopAsync(None);

        Assert.Equal(written, log.Written);
    }

    [Fact]
    public async Task Texts_above_what_can_wait_are_dropped_and_counted_and_nobody_waits()
    {
        using var log = New();

        for (var i = 0; i < 20_000; i++) log.Add(Record("x")); // nothing writes yet
        Assert.Equal(20_000 - 16_384, log.Dropped);
        await log.StartAsync(None);
        await log.StopAsync(None);

        Assert.Equal(16_384, log.Written);
        Assert.Equal(16_384, File.ReadLines(Today).Count());
    }

    [Fact]
    public void Long_texts_that_wait_are_bounded_by_their_length()
    {
        using var log = New();

        for (var i = 0; i < 20; i++) log.Add(Record(new string('x', 1 << 20)));

        Assert.Equal(4, log.Dropped);
    }

    [Fact]
    public async Task A_folder_that_vanishes_loses_texts_and_nothing_else()
    {
        using var log = New();
        await log.StartAsync(None);
        log.Add(Record("before"));
        await Until(() => log.Written == 1);

        Directory.Delete(Folder, recursive: true);
        log.Add(Record("lost"));
        await Until(() => log.Lost == 1);
        log.Add(Record("lost, too"));
        await Until(() => log.Lost == 2);
        Directory.CreateDirectory(Folder);
        log.Add(Record("after"));
        await Until(() => log.Written == 2);
        await log.StopAsync(None);

        Assert.Contains("after", Assert.Single(File.ReadAllLines(Today)), StringComparison.Ordinal);
        Assert.Single(_log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.Single(_log.Lines, line => line.StartsWith("Information", StringComparison.Ordinal));
        Assert.DoesNotContain(_log.Lines, line => line.Contains("lost, too", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_was_moved_away_is_begun_anew()
    {
        using var log = New();
        await log.StartAsync(None);
        log.Add(Record("one"));
        await Until(() => log.Written == 1);

        File.Move(Today, _folder["moved"]);
        log.Add(Record("two"));
        await log.StopAsync(None);

        Assert.Single(File.ReadAllLines(_folder["moved"]));
        Assert.Single(File.ReadAllLines(Today));
    }

    [Fact]
    public void Two_servers_do_not_write_to_one_log()
    {
        using var first = New();

        Assert.Contains("another server", Assert.Throws<UserErrorException>(() => New()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_an_error_at_start()
    {
        _folder.Write("file", "");

        Assert.Contains("--log-text", Assert.Throws<UserErrorException>(() => New(new(_folder["file/texts"]))).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1.0, "--log-text-days 0")]
    [InlineData(30, 1.5, "--log-text-sample 1.5")]
    [InlineData(30, double.NaN, "--log-text-sample NaN")]
    public void A_wrong_option_is_an_error(int days, double sample, string message) => Assert.Contains(
        message, Assert.Throws<UserErrorException>(() => New(new(Folder) { Days = days, Sample = sample })).Message, StringComparison
            .Ordinal);

    static async Task Until(Func<bool> isSo)
    {
        for (var i = 0; i < 200 && !isSo(); i++) await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(isSo());
    }

    sealed class SettableClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
