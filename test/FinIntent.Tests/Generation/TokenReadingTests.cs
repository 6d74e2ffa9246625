using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>What is told of an answer's tokens, against the logits of transformers.</summary>
public sealed class TokenReadingTests
{
    const int Alternatives = 5;

    static readonly SamplingOptions Wild = new(Temperature: 3, TopK: 4, TopP: 0.9, RepetitionPenalty: 1.5);

    public static TheoryData<string, bool> Cases =>
        [.. ParityFixture.Families.SelectMany(family => new[] { (family.Data, true), (family.Data, false) })];

    /// <summary>A sequence's last token is drawn again, or another one in its place: the reference has the logits of either.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void A_tokens_log_probability_is_the_references_whatever_it_was_drawn_by(string family, bool isGreedy)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        var rows = fixture.Sequences.Select((row, i) => new GenerationRequest(row, Seed: i)).ToList();

        var readings = Readings(model, isGreedy ? SamplingOptions.Greedy : Wild, Alternatives, rows, 1);

        for (var b = 0; b < rows.Count; b++)
        {
            using var scope = NewDisposeScope();
            var log = fixture.Expected($"logits.{b}")[-1].log_softmax(-1);
            var reading = Assert.Single(readings[b]);
            Assert.Equal(log[reading.Id].item<float>(), reading.LogProbability, 1e-4);
            var (values, ids) = log.topk(Alternatives);
            Assert.Equal(values.data<float>().Select(x => (double)x), reading.Best.Select(c => c.LogProbability),
                (a, b) => Math.Abs(a - b) < 1e-4);
            Assert.Equal(ids.data<long>().Select(id => (int)id), reading.Best.Select(c => c.Id));
            if (isGreedy) Assert.Equal(fixture.Greedy[b][0], reading.Id);
        }
    }

    [Fact]
    public void Later_tokens_are_told_as_one_forward_over_the_whole_answer_tells_them()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var rows = fixture.Sequences.Select((row, i) => new GenerationRequest(row, Seed: i)).ToList();

        var readings = Readings(model, Wild, 0, rows, 8);

        for (var b = 0; b < rows.Count; b++)
        {
            Assert.Equal(8, readings[b].Count);
            Assert.All(readings[b], reading => Assert.Empty(reading.Best));
            int[] whole = [.. rows[b].Prompt, .. readings[b].Select(r => r.Id)];
            OptionAnswers answers = new([], [whole[rows[b].Prompt.Length..], [0]]);
            var question = new OptionQuestion(rows[b].Prompt, answers) { TellsTokens = true };
            var told = new OptionScorer(model).Read([question])[0].TokenLogProbabilities![0];
            Assert.Equal(told, readings[b].Select(r => r.LogProbability), (a, b) => Math.Abs(a - b) < 1e-4);
        }
    }

    [Fact]
    public void Telling_changes_no_answer_and_leaves_no_tensor()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var rows = fixture.Sequences.Select((row, i) => new GenerationRequest(row, Seed: i)).ToList();
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        var untold = new TokenGenerator(model, Wild).Generate(rows, new(new HashSet<int>(), 8));
        var before = statistics.ThreadTotalLiveCount;

        var told = new TokenGenerator(model, Wild, alternatives: Alternatives).Generate(rows, new(new HashSet<int>(), 8));

        Assert.Equal(untold, told);
        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    static List<List<TokenReading>> Readings(
        CausalLanguageModel model, SamplingOptions sampling, int alternatives, IReadOnlyList<GenerationRequest> rows, int tokens)
    {
        List<List<TokenReading>> readings = [.. rows.Select(_ => new List<TokenReading>())];
        TokenGeneration? run = null;
        var generator = new TokenGenerator(model, sampling, alternatives: alternatives);
        using (run = generator.Begin(rows, new(new HashSet<int>(), tokens), (row, _) =>
        {
            readings[row].Add(run!.ReadingOf(row)!);
            return true;
        }))
            while (run.Step()) { }
        return readings;
    }
}
