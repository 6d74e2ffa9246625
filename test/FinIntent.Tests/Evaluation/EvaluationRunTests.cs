using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Tests.Generation;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class EvaluationRunTests : IDisposable
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

        var again = EvaluationRun.Predict(
            () => throw new InvalidOperationException("loaded"), Questions, Scoring.Both, Options(_tiny["done.jsonl"]), ScoringTokens);

        Assert.Equal(Questions.Select(q => q.Id), again.Select(p => p.Id));
    }

    [Fact]
    public void Predictions_have_what_the_scoring_gives()
    {
        var scored = EvaluationRun.Predict(Load, Questions, Scoring.Options, Options(_tiny["a.jsonl"]), ScoringTokens);
        var written = EvaluationRun.Predict(Load, Questions, Scoring.Generate, Options(_tiny["b.jsonl"]), ScoringTokens);
        var both = EvaluationRun.Predict(Load, Questions, Scoring.Both, Options(_tiny["c.jsonl"]), ScoringTokens);

        Assert.All(scored, p => Assert.Equal(1, p.Probabilities!.Values.Sum(), 1e-9));
        Assert.All(scored, p => Assert.Equal(p.Probabilities!.MaxBy(o => o.Value).Key, p.Choice));
        Assert.All(scored, p => Assert.Null(p.Output));
        Assert.All(written, p => Assert.Null(p.Probabilities));
        Assert.Equal(written.Select(p => p.Output), both.Select(p => p.Output));
        Assert.Equal(scored.Select(p => p.Probabilities!["C"]), both.Select(p => p.Probabilities!["C"]));
    }

    [Fact]
    public void Other_sampling_does_not_go_on_with_a_run()
    {
        Bytes(_tiny["p.jsonl"]);
        var options = Options(_tiny["p.jsonl"]);

        Assert.Contains("max_new_tokens", Assert.Throws<UserErrorException>(
            () => EvaluationRun.Predict(Load, Questions, Scoring.Both, options with { Answers = options.Answers with { MaxNewTokens = 9 } })).Message);
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
            new EvaluationQuestion($"{i}", q, IntentOptions.OpenFinData, ((char)('A' + i)).ToString(), IntentPrompt.For(q, IntentOptions.OpenFinData))),
    ];

    byte[] Bytes(string path)
    {
        EvaluationRun.Predict(Load, Questions, Scoring.Both, Options(path), ScoringTokens);
        return File.ReadAllBytes(path);
    }

    ChatModel Load() => ChatModel.Load(new(_tiny.Model, [_tiny.Adapter]));

    static RunOptions Options(string path) => new("tiny", path, new(SamplingOptions.Greedy, 4)) { AnswersAtOnce = 2 };
}
