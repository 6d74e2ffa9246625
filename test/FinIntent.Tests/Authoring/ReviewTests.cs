using FinIntent.Data.Rows;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class ReviewTests
{
    static bool IsDoubtful(string question) => question[0] % 6 == 0;

    static GenerateBench Doubting()
    {
        var bench = new GenerateBench();
        bench.Model.Objection = question => IsDoubtful(question) ? "以上都不是" : null;
        return bench;
    }

    [Fact]
    public async Task What_a_judge_disagrees_with_or_forgets_twice_is_set_aside_with_both_labels_and_the_reason()
    {
        using var bench = Doubting();
        bench.Model.Forgets = question => question[0] % 6 == 1;

        var (code, output, _) = await bench.Run();

        Assert.Equal(0, code);
        var review = DataFile.Read(bench.File("review.csv")).ToList();
        Assert.NotEmpty(review);
        Assert.Contains($"{review.Count} set aside", output);
        Assert.All(review, row =>
        {
            var isDoubtful = IsDoubtful(row.Text("question")!);
            Assert.Equal(isDoubtful ? ("–", "看问的是什么") : ("", "the judge gave no verdict"), (row.Text("judged_as"), row.Text("reason")));
            Assert.True(isDoubtful || row.Text("question")![0] % 6 == 1);
        });
        Assert.All(bench.Rows(), row => Assert.InRange(row.Question[0] % 6, 2, 5));
        // Forgotten ones were asked about twice, and no more.
        var judged = bench.Journal.Where(r => r.Questions is not null).SelectMany(r => r.Questions!).CountBy(q => q).ToDictionary();
        Assert.All(judged, pair => Assert.Equal(pair.Key[0] % 6 == 1 ? 2 : 1, pair.Value));
    }

    [Fact]
    public async Task A_person_brings_rows_back_without_any_request_and_they_stay()
    {
        using var bench = Doubting();
        await bench.Run();
        var before = bench.Rows().Select(r => r.Question).ToList();
        var lines = File.ReadAllLines(bench.File("review.csv"));
        var ids = lines.Skip(1).Select(line => line.Split(',')[0]).ToList();
        Assert.True(ids.Count >= 4, $"{ids.Count} rows were set aside");
        var review = bench.Write("decided.csv", $"""
            id,question,written_as,judged_as,reason,decision
            {ids[0]},{lines[1].Split(',')[1]},,,,B
            {ids[1]},白酒板块最近怎么样了,,,,行业板块问询
            {ids[2]},{lines[3].Split(',')[1]},,,,drop
            {ids[3]},{lines[4].Split(',')[1]},,,,
            """);
        bench.Server.Dispose();

        var (code, output, _) = await bench.Run("--accept", review);

        Assert.Equal(0, code);
        Assert.Equal([.. before, lines[1].Split(',')[1], "白酒板块最近怎么样了"], bench.Rows().Select(r => r.Question));
        Assert.Equal(["B", "A"], bench.Rows().TakeLast(2).Select(r => r.Gold));
        Assert.Contains($"{ids.Count - 3} set aside", output);
        Assert.Equal("decided by a person", bench.Provenance[^1].GetProperty("judge").GetProperty("verdict").GetString());
        var results = bench.Results;

        // Neither the same file again nor another run changes anything; the server is gone, so nothing can be asked.
        Assert.Equal(0, (await bench.Run("--accept", review)).Code);
        Assert.Equal(0, (await bench.Run()).Code);
        foreach (var (name, text) in bench.Results) Assert.Equal(results[name], text);
    }

    [Fact]
    public async Task Decisions_in_the_middle_of_a_run_count_for_the_rest_of_it()
    {
        using var bench = Doubting();
        Assert.Equal(1, (await bench.Run("max_requests=9")).Code);
        var lines = File.ReadAllLines(bench.File("review.csv"));
        Assert.True(lines.Length > 1, "nothing was set aside");
        var review = bench.Write("decided.csv", string.Join('\n', lines.Select((line, i) => i == 0 ? line : line.TrimEnd(',') + ",基金问询")));
        await bench.Run("--accept", review);
        var accepted = bench.Rows().Where(r => IsDoubtful(r.Question)).Select(r => r.Question).ToList();
        Assert.Equal(lines.Length - 1, accepted.Count);
        var answered = bench.Server.Requests.Count;

        Assert.Equal(0, (await bench.Run()).Code);

        Assert.All(accepted, question => Assert.Contains(question, bench.Rows().Select(r => r.Question)));
        Assert.Equal([("A", 10), ("B", 20)], bench.Rows().CountBy(r => r.Gold).Select(p => (p.Key, p.Value))
            .Where(p => p.Key != "C").Order());
        Assert.Equal(bench.Server.Requests.Count, bench.Server.Requests.Select(r => r.Question).Distinct().Count());
        Assert.True(bench.Server.Requests.Count > answered);
    }

    [Theory]
    [InlineData("w0.0#99", "怎么样", "B", "there is no row \"w0.0#99\"")]
    [InlineData("{0}", "怎么样", "股票问询", "decided.csv:2: decision: \"股票问询\" is no intent of the schema and not \"drop\"; " +
        "known are ")]
    [InlineData("{0}", "招商银行现在能买吗？", "B", "cannot be a row (duplicate)")]
    [InlineData("{0}", "选项B是什么", "B", "cannot be a row (tells_answer)")]
    public async Task Decisions_that_are_none_are_refused_with_their_line(string id, string question, string decision, string expected)
    {
        using var bench = Doubting();
        await bench.Run();
        var results = bench.Results;
        var first = File.ReadAllLines(bench.File("review.csv"))[1].Split(',')[0];
        var review = bench.Write("decided.csv", $"id,question,decision\n{string.Format(null, id, first)},{question},{decision}\n");

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run("--accept", review));

        Assert.Contains(expected, error.Message);
        foreach (var (name, text) in bench.Results) Assert.Equal(results[name], text);
    }
}
