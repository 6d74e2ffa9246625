using System.Text;
using FinIntent.Authoring;
using FinIntent.Tests.ApiModels;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class ResumeTests
{
    /// <summary>Killed at any byte of the journal: what a process leaves that ends there.</summary>
    [Fact]
    public async Task Wherever_a_run_is_cut_it_ends_with_the_same_bytes_and_asks_for_what_is_missing_only()
    {
        using var bench = new GenerateBench();
        bench.Model.Objection = question => question[0] % 7 == 0 ? "基金问询" : null;
        bench.Model.Forgets = question => question[0] % 7 == 1;
        string[] settings = ["api_price_input=3", "api_price_output=15", "budget=10", "val_size=0.2"];
        await bench.Run(new StandingTime(), settings);
        var whole = File.ReadAllBytes(bench.File("journal.jsonl"));
        string[] names = ["train.json", "val.json", "provenance.jsonl", "review.csv"];
        var results = names.ToDictionary(name => name, name => File.ReadAllText(bench.File(name)));
        var prompts = bench.Journal.Where(r => r.Kind == JournalKind.Sent).Select(r => r.User!).ToHashSet();
        var random = new Random(1);

        foreach (var cut in Enumerable.Range(0, 12).Select(_ => random.Next(whole.Length)).Append(whole.Length))
        {
            foreach (var name in names) File.Delete(bench.File(name));
            File.WriteAllBytes(bench.File("journal.jsonl"), whole[..cut]);
            var kept = Encoding.UTF8.GetString(whole[..cut]).Split('\n').SkipLast(1).Select(line => JournalRecord.Parse(line, "")).ToList();
            var answered = kept.Where(r => r.Kind == JournalKind.Answer).Select(r => r.Id).ToHashSet();
            var done = kept.Where(r => r.Kind == JournalKind.Sent && answered.Contains(r.Id)).Select(r => r.User!).ToHashSet();
            bench.Server.Requests.Clear();

            await bench.Run(new StandingTime(), settings);

            foreach (var name in names) Assert.Equal(results[name], File.ReadAllText(bench.File(name)));
            var asked = bench.Server.Requests.Select(r => r.Question).ToList();
            Assert.Empty(asked.Intersect(done));
            Assert.Equal(prompts.Except(done).Order(), asked.Order());
        }
    }

    [Fact]
    public async Task A_request_without_an_answer_counts_in_full_and_is_asked_again()
    {
        using var bench = new GenerateBench();
        await bench.Run("api_price_input=3", "api_price_output=15");
        var lines = File.ReadAllLines(bench.File("journal.jsonl"));
        var sent = JournalRecord.Parse(lines[0], "");
        File.WriteAllText(bench.File("journal.jsonl"), lines[0] + "\n");
        var bytes = Encoding.UTF8.GetByteCount(sent.System + sent.User);
        Assert.Equal(((bytes + 256) * 3 + 4096 * 15) / 1e6m, sent.Cost);
        bench.Server.Requests.Clear();

        var (_, output, _) = await bench.Run("api_price_input=3", "api_price_output=15");

        Assert.Contains(bench.Server.Requests, r => r.Question == sent.User);
        Assert.Contains($"{bench.Server.Requests.Count + 1} requests", output);
        Assert.Contains($"cost {sent.Cost + bench.Server.Requests.Count * 345e-6m:0.####}", output);
    }

    [Fact]
    public async Task A_key_that_is_refused_in_the_middle_ends_the_run_and_costs_nothing()
    {
        using var bench = new GenerateBench();
        bench.Server.Refusal = _ => bench.Server.Requests.Count > 4 ? (401, bench.Server.Error("authentication_error", "no")) : null;

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run("api_concurrency=1"));

        Assert.Contains(" 401 ", error.Message);
        Assert.Contains("4 answers of this run are kept in", error.Message);
        Assert.Equal(5, bench.Server.Requests.Count);
        Assert.Equal((5, 4, 1), (Count(JournalKind.Sent), Count(JournalKind.Answer), Count(JournalKind.Free)));
        bench.Server.Refusal = _ => null;
        var (code, output, _) = await bench.Run();
        Assert.Equal(0, code);
        Assert.Contains($"{bench.Server.Requests.Count - 1} requests", output);

        int Count(JournalKind kind) => bench.Journal.Count(r => r.Kind == kind);
    }

    [Fact]
    public async Task A_request_that_always_fails_is_gone_on_without()
    {
        using var bench = new GenerateBench();
        string? poison = null;
        bench.Server.FaultOf = (prompt, _) => (poison ??= prompt) == prompt ? Fault.Overloaded : null;

        var (code, output, _) = await bench.Run("api_attempts=2");

        Assert.True(code == 0, output);
        Assert.Equal(60, bench.Rows().Count);
        Assert.Single(bench.Journal, r => r.Kind == JournalKind.Failed);
        var rows = File.ReadAllText(bench.File("rows.json"));
        var requests = bench.Server.Requests.Count;
        Assert.Equal(0, (await bench.Run("api_attempts=2")).Code);
        Assert.Equal((requests, rows), (bench.Server.Requests.Count, File.ReadAllText(bench.File("rows.json"))));
    }

    [Theory]
    [InlineData("rows=61", "was made with rows")]
    [InlineData("seed=7", "was made with seed 42, now it is 7")]
    [InlineData("judge=none", "was made with judge \"same\", now it is \"none\"")]
    [InlineData("api_model=m-2", "was made with model")]
    public async Task Other_settings_do_not_go_on_with_a_run(string change, string expected)
    {
        using var bench = new GenerateBench();
        await bench.Run("max_requests=2");

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run(change));

        Assert.Contains(expected, error.Message);
        Assert.Contains("overwrite_output_dir: true", error.Message);
        Assert.Equal(0, (await bench.Run(change, "overwrite_output_dir=true")).Code);
    }
}
