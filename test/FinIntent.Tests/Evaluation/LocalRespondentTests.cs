using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Tests.Generation;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class LocalRespondentTests : IDisposable
{
    // Two questions a batch.
    const int ScoringTokens = 1100;

    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_run_that_was_cut_anywhere_ends_with_the_same_bytes()
    {
        var whole = Bytes(_tiny["whole.jsonl"]);
        var path = _tiny["cut.jsonl"];
        Bytes(path);
        foreach (var cut in new[] { whole.Length - 1, whole.Length / 2, whole.Length / 3, 10, 0 })
        {
            File.WriteAllBytes(path, whole[..cut]);

            Assert.Equal(whole, Bytes(path));
        }
    }

    [Fact]
    public void What_is_done_needs_no_model()
    {
        Bytes(_tiny["done.jsonl"]);

        var again = Answer("done.jsonl", Both, load: () => throw new InvalidOperationException("loaded"));

        Assert.Equal(Questions.Select(q => q.Id), again.Select(p => p.Id));
    }

    [Fact]
    public void Predictions_have_what_the_scoring_gives()
    {
        var scored = Answer("a.jsonl", Both with { Scoring = Scoring.Options });
        var written = Answer("b.jsonl", Both with { Scoring = Scoring.Generate });
        var both = Answer("c.jsonl", Both);

        Assert.All(scored, p => Assert.Equal(1, p.Probabilities!.Values.Sum(), 1e-9));
        Assert.All(scored, p => Assert.Equal(p.Probabilities!.MaxBy(o => o.Value).Key, p.Choice));
        Assert.All(scored, p => Assert.Null(p.Output));
        Assert.All(written, p => Assert.Null(p.Probabilities));
        Assert.Equal(written.Select(p => p.Output), both.Select(p => p.Output));
        Assert.Equal(scored.Select(p => p.Probabilities!["C"]), both.Select(p => p.Probabilities!["C"]));
    }

    [Fact]
    public void An_answer_that_max_new_tokens_cuts_says_so()
    {
        IReadOnlyList<Prediction> Of(int tokens, string file, bool keepsEach) => Answer(file,
            Both with { Scoring = Scoring.Generate, KeepsEach = keepsEach, Answers = Both.Answers with { MaxNewTokens = tokens } });
        var cut = Of(3, "a.jsonl", keepsEach: false);
        var longer = Of(120, "b.jsonl", keepsEach: false);

        Assert.All(cut.Zip(longer), p => Assert.Equal(p.First.Output == p.Second.Output ? null : "length", p.First.Finish));
        Assert.Contains(cut, p => p.Finish == "length");
        Assert.Equal(cut.Select(p => p.ToLine()), Of(3, "c.jsonl", keepsEach: true).Select(p => p.ToLine()));
    }

    [Fact]
    public void Other_sampling_does_not_go_on_with_a_run()
    {
        Bytes(_tiny["p.jsonl"]);

        Assert.Contains("max_new_tokens", Assert.Throws<UserErrorException>(
            () => Answer("p.jsonl", Both with { Answers = Both.Answers with { MaxNewTokens = 9 } })).Message);
    }

    [Fact]
    public void Answers_that_are_kept_one_by_one_are_those_of_a_whole_run_wherever_it_was_cut()
    {
        var each = Both with { Scoring = Scoring.Generate, KeepsEach = true };
        var whole = Answer("whole.jsonl", each);
        List<int> counts = [];
        Answer("cut.jsonl", each, onKept: counts.Add);
        var lines = File.ReadAllLines(_tiny["cut.jsonl"]);
        File.WriteAllLines(_tiny["cut.jsonl"], lines[..3]);

        var again = Answer("cut.jsonl", each, onKept: counts.Add);

        Assert.Equal([1, 2, 3, 4, 5, 4, 5], counts);
        Assert.Equal(whole.Select(p => p.ToLine()), again.Select(p => p.ToLine()));
        Assert.Equal(lines, File.ReadAllLines(_tiny["cut.jsonl"]));
    }

    [Fact]
    public void What_is_known_is_not_asked_and_stands_where_its_question_does()
    {
        var known = Answer("known.jsonl", Both)[2] with { Output = "known" };

        var all = Answer("p.jsonl", Both, known: new Dictionary<string, Prediction> { [known.Id] = known });

        Assert.Equal("known", all[2].Output);
        Assert.Equal(Questions.Select(q => q.Id), PredictionFile.Read(_tiny["p.jsonl"]).Select(p => p.Id));
    }

    [Fact]
    public void No_tensor_outlives_an_evaluation()
    {
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        Bytes(_tiny["1.jsonl"]);

        var before = statistics.ThreadTotalLiveCount;
        Bytes(_tiny["2.jsonl"]);

        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    static IReadOnlyList<EvaluationQuestion> Questions { get; } =
    [
        .. new[] { "大盘怎么样", "B", "茅台还能买吗", "怎么改密码", "半导体" }.Select((q, i) =>
            new EvaluationQuestion($"{i}", q, IntentOptions.OpenFinData, ((char)('A' + i)).ToString(),
                IntentPrompt.For(q, IntentOptions.OpenFinData))),
    ];

    byte[] Bytes(string path)
    {
        Answer(Path.GetFileName(path), Both);
        return File.ReadAllBytes(path);
    }

    static LocalAsking Both => new(Scoring.Both, new(SamplingOptions.Greedy, 4)) { AnswersAtOnce = 2, ScoringTokens = ScoringTokens };

    IReadOnlyList<Prediction> Answer(string name, LocalAsking how, Func<ChatModel>? load = null, Action<int>? onKept = null,
        IReadOnlyDictionary<string, Prediction>? known = null)
    {
        using var respondent = new LocalRespondent(load ?? (() => ChatModel.Load(new(_tiny.Model, [_tiny.Adapter]), Devices.Default)), how);
        return respondent.Answer([.. Questions.Select(AskedQuestion.Of)], new("tiny", _tiny[name], how.Identity()), (_, done) =>
            onKept?.Invoke(done), known);
    }
}
