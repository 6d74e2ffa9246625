using System.Diagnostics;
using System.Text;
using FinIntent.Server.Load;
using Xunit;

namespace FinIntent.Tests.Server.Load;

public sealed class LoadPartsTests
{
    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    static LoadOutcome Outcome(params double[] milliseconds) => new(milliseconds.Length, [.. milliseconds.Select(ms =>
        new LoadSample(0, 0, (long)(ms / 1000 * Stopwatch.Frequency), LoadEnding.Answered, 200, false))], 0, Stopwatch.Frequency);

    [Theory]
    [InlineData(0.5, 50)]
    [InlineData(0.95, 95)]
    [InlineData(0.99, 99)]
    [InlineData(0.995, 100)]
    [InlineData(1, 100)]
    public void A_percentile_is_the_nearest_rank(double share, double expected) =>
        Assert.Equal(expected, Outcome([.. Enumerable.Range(1, 100).Select(i => (double)(101 - i))]).Percentile(share), 6);

    [Fact]
    public void The_histogram_has_every_accepted_request_once()
    {
        var counts = Outcome(0.5, 1, 1.5, 99, 5000).Histogram([1, 2, 100]);

        Assert.Equal([2, 1, 1, 1], counts);
        Assert.True(double.IsNaN(Outcome().Percentile(0.99)));
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", false)]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length:5\r\nConnection: close\r\n\r\nhello", "hello", true)]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", "hello", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", true)]
    public async Task An_answer_is_read_the_same_however_it_is_cut(string answer, string body, bool isLast)
    {
        for (var piece = 1; piece <= answer.Length; piece++)
        {
            var reader = new AnswerReader();

            await reader.Read(new Pieces(answer, piece));

            Assert.Equal(body, Encoding.UTF8.GetString(reader.Body.Span));
            Assert.Equal((200, isLast, false), (reader.Status, reader.IsLast, reader.HasSurplus));
        }
    }

    [Fact]
    public async Task A_long_answer_in_chunks_is_read_whole()
    {
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i},"));
        var chunks = string.Concat(text.Chunk(977).Select(chunk => $"{chunk.Length:x}\r\n{new string(chunk)}\r\n"));
        var reader = new AnswerReader();

        await reader.Read(new Pieces($"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n", 1400));

        Assert.Equal(text, Encoding.UTF8.GetString(reader.Body.Span));
    }

    [Fact]
    public async Task The_highest_rate_is_found_where_refusals_or_long_times_begin()
    {
        List<double> tried = [];

        var best = await KneeSearch.Find(1000, 100, rate =>
        {
            tried.Add(rate);
            return Task.FromResult(Outcome(rate <= 700 ? 90 : 110) with { Rate = rate });
        });

        Assert.InRange(best!.Rate!.Value, 685, 700);
        Assert.Equal(7, tried.Count);
        Assert.Null(await KneeSearch.Find(1000, 100, rate => Task.FromResult(Outcome(101))));
    }

    [Fact]
    public void Texts_never_repeat_and_begin_with_the_shipped_questions()
    {
        var texts = LoadTexts.Shipped();

        Assert.Contains("中证A500的基金挑哪家好", Enumerable.Range(0, 150).Select(i => texts[i]));
        Assert.Equal(50_000, Enumerable.Range(0, 50_000).Select(i => texts[i]).Distinct().Count());
    }

    [Theory]
    [InlineData("rows.csv", "question,label\n买茅台吗,A\n基金呢,E\n", "买茅台吗")]
    [InlineData("rows.jsonl", "{\"text\":\" 买茅台吗 \"}\n{\"text\":\"基金呢\"}\n", "买茅台吗")]
    public void Texts_are_read_from_a_table(string name, string content, string first)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder[name], content);

        var texts = LoadTexts.Of(folder[name]);

        Assert.Equal((first, "基金呢", $"{first}吗"), (texts[0], texts[1], texts[2]));
    }

    [Fact]
    public void A_servers_own_counts_are_those_of_the_measured_route_by_status()
    {
        var counts = ServerCounts.Parse("""
            # TYPE finintent_requests_total counter
            finintent_requests_total{route="/v1/intent/classify",adapter="a",code="200"} 7
            finintent_requests_total{route="/v1/intent/classify",adapter="b",code="200"} 5
            finintent_requests_total{route="/v1/intent/classify",adapter="",code="429"} 3
            finintent_requests_total{route="/v1/models",adapter="",code="200"} 100
            """);

        Assert.Equal(new Dictionary<int, long> { [200] = 12, [429] = 3 }, counts);
        Assert.Equal(new Dictionary<int, long> { [200] = 2 }, ServerCounts.Between(
            new Dictionary<int, long> { [200] = 10, [429] = 3 }, counts));
    }

    [Theory]
    [InlineData("250", 250.0, null)]
    [InlineData("70%", null, 0.7)]
    [InlineData("auto", null, null)]
    public void A_rate_is_a_number_a_share_or_the_highest(string word, double? rate, double? share) =>
        Assert.Equal(new(rate, share), LoadRate.Parse(word));

    [Theory]
    [InlineData("0")]
    [InlineData("-3")]
    [InlineData("fast")]
    [InlineData("%")]
    public void Another_word_is_no_rate(string word) =>
        Assert.StartsWith($"--rates: \"{word}\" is no rate", Assert.Throws<UserErrorException>(() => LoadRate.Parse(word)).Message);

    [Fact]
    public void A_key_comes_from_a_variable_or_a_file_and_from_no_command_line()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["keys"], "# ours\n\nsecret\n");

        Assert.Equal("secret", LoadKey.Of(null, folder["keys"]));
        Assert.Null(LoadKey.Of(null, null));
        Assert.Contains("no such file", Assert.Throws<UserErrorException>(() => LoadKey.Of(null, folder["none"])).Message);
    }

    sealed class Pieces(string text, int piece) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
    }
}
