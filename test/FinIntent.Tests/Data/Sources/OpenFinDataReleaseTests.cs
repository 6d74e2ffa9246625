using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using FinIntent.Cli.Commands;
using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Hub;
using FinIntent.Intents;
using FinIntent.Tests.Cli;
using FinIntent.Tests.Hub;
using Xunit;

namespace FinIntent.Tests.Data.Sources;

/// <summary>A release made here, of invented items in the official form.</summary>
public sealed class OpenFinDataReleaseTests : IDisposable
{
    const string Items = """
        [{"id": "1", "question": "你是一个助手。问句:甲公司的股价是多少", "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "B"},
         {"id": "2", "question": "你是一个意图情绪助手。问句:怎么改密码", "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "D"}]
        """;

    readonly HubFixture _hub = new();

    [Fact]
    public void A_zip_that_is_here_becomes_evaluation_rows_that_cannot_be_trained_on()
    {
        var zip = Zip("openfindata_release/intent/intent_understanding.json");
        var output = _hub[Path.Combine("data", "rows.json")];

        var (count, source) = Release(zip).Pull(zip, output, _hub.Hubs().HuggingFace, _hub.Context());

        Assert.Equal((2, _hub[Path.Combine("data", "intent_understanding.json")]), (count, source));
        Assert.Equal(Items, File.ReadAllText(source));
        var questions = QuestionFile.Load(output);
        Assert.Equal([("甲公司的股价是多少", "B"), ("怎么改密码", "D")], questions.Select(q => (q.Question, q.Gold.ToString())));
        Assert.Throws<UserErrorException>(() => EvaluationNotice.Check(output));
        Assert.Throws<UserErrorException>(() => EvaluationNotice.Check(source));
        Assert.True(File.Exists(zip));
    }

    [Fact]
    public void The_release_is_fetched_goes_on_where_it_was_and_is_checked()
    {
        var zip = Zip("a/intent_understanding.json", padding: 300_000);
        var content = File.ReadAllBytes(zip);
        _hub.AddModel().Files["release.zip"] = content;
        var address = new Uri($"{_hub.Server.Url}/{HubFixture.Id}/resolve/main/release.zip");
        var release = new OpenFinDataRelease(new(address, new(DigestKind.Md5, Md5(zip)), content.Length), 2);
        var cuts = 0;
        _hub.Server.FaultOf = _ => Interlocked.Increment(ref cuts) == 3 ? CdnFault.CutInside : null;

        var (count, _) = release.Pull(null, _hub[Path.Combine("out", "rows.json")], _hub.Hubs().HuggingFace, _hub.Context());

        Assert.Equal(2, count);
        Assert.Equal(["intent_understanding.json", "intent_understanding.json.notice.txt", "rows.json", "rows.json.notice.txt"],
            Directory.EnumerateFiles(_hub["out"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.InRange(_hub.Server.ServedBytes, content.Length, content.Length + 2 + (content.Length / 3));
    }

    [Fact]
    public void A_zip_that_was_there_stays_and_a_wrong_digest_ends_the_second_fetch()
    {
        var zip = Zip("a/intent_understanding.json", padding: 50_000);
        var content = File.ReadAllBytes(zip);
        _hub.AddModel().Files["release.zip"] = content;
        var address = new Uri($"{_hub.Server.Url}/{HubFixture.Id}/resolve/main/release.zip?signature=secret");
        var own = _hub[Path.Combine("out", "openfindata_release.zip")];
        Directory.CreateDirectory(_hub["out"]);

        var wrong = Assert.Throws<UserErrorException>(() => Pull(new('0', 32))).Message;
        Assert.Contains("the same wrong bytes twice", wrong);
        Assert.DoesNotContain("secret", wrong);
        Assert.InRange(_hub.Server.ServedBytes, 2 * content.Length, (2 * content.Length) + 10);

        File.Copy(zip, own);
        Assert.Contains("is another file than the release", Assert.Throws<UserErrorException>(() => Pull(new('0', 32))).Message);
        Assert.Equal(2, Pull(Md5(zip)));
        Assert.Equal(content, File.ReadAllBytes(own));

        int Pull(string md5) => new OpenFinDataRelease(new(address, new(DigestKind.Md5, md5)), 2)
            .Pull(null, _hub[Path.Combine("out", "rows.json")], _hub.Hubs().HuggingFace, _hub.Context()).Count;
    }

    [Fact]
    public void An_address_of_another_kind_is_refused() =>
        Assert.Contains("is given as --input",
            Assert.Throws<UserErrorException>(() =>
            CommandLine.Run(DataCommand.Build(), "pull", "openfindata", "--url", "file:///tmp/x.zip", "--output",
            _hub["rows.json"])).Message);

    [Fact]
    public void The_command_takes_a_zip_and_its_digest()
    {
        var zip = Zip("intent_understanding.json");

        var output = CommandLine.Run(DataCommand.Build(), "pull", "openfindata", "--input", zip, "--md5", Md5(zip), "--output",
            _hub["rows.json"]);

        Assert.StartsWith($"2 questions -> {_hub["rows.json"]} (for evaluation only", output);
        Assert.Contains("its MD5 is",
            Assert.Throws<UserErrorException>(() =>
            CommandLine.Run(DataCommand.Build(), "pull", "openfindata", "--input", zip, "--output", _hub["rows.json"])).Message);
    }

    [Fact]
    public void Another_file_is_refused_with_both_digests()
    {
        var zip = Zip("intent_understanding.json");
        var right = Release(zip);

        var wrong = right with { Zip = right.Zip with { Digest = new(DigestKind.Md5, new('0', 32)) } };
        var message = Assert.Throws<UserErrorException>(() =>
            wrong.Pull(zip, _hub["rows.json"], _hub.Hubs().HuggingFace, _hub.Context())).Message;
        Assert.Contains(Md5(zip), message);
        Assert.Contains(new string('0', 32), message);
        Assert.Contains("bytes, and the release has 7", Assert.Throws<UserErrorException>(() =>
            (right with { Zip = right.Zip with { Size = 7 } })
                .Pull(zip, _hub["rows.json"], _hub.Hubs().HuggingFace, _hub.Context())).Message);
        Assert.Contains("2 questions, and 75 are right",
            Assert.Throws<UserErrorException>(() =>
            (right with { Questions = 75 }).Pull(zip, _hub["rows.json"], _hub.Hubs().HuggingFace, _hub.Context())).Message);
        Assert.False(File.Exists(_hub["rows.json"]));

        var other = Zip("other.json");
        Assert.Contains("0 files in it are called intent_understanding.json",
            Assert.Throws<UserErrorException>(() =>
            Release(other).Pull(other, _hub["rows.json"], _hub.Hubs().HuggingFace, _hub.Context())).Message);
    }

    OpenFinDataRelease Release(string zip) => new(new(new("http://127.0.0.1:1/none.zip"), new(DigestKind.Md5, Md5(zip))), 2);

    static string Md5(string path) => Convert.ToHexStringLower(MD5.HashData(File.ReadAllBytes(path)));

    string Zip(string name, int padding = 0)
    {
        var path = _hub[$"{Guid.NewGuid():N}.zip"];
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        using (var entry = zip.CreateEntry(name).Open()) entry.Write(Encoding.UTF8.GetBytes(Items));
        using (var entry = zip.CreateEntry("other/readme.bin", CompressionLevel.NoCompression).Open())
            entry.Write(HubFixture.Bytes(padding));
        return path;
    }

    public void Dispose() => _hub.Dispose();
}
