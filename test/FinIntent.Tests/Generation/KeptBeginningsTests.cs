using FinIntent.Generation;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

/// <summary>Rows behind beginnings that were read before against the same rows whole.</summary>
public sealed class KeptBeginningsTests
{
    const long Room = 1 << 30;

    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void Questions_behind_kept_beginnings_score_as_whole(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        using var folders = new RandomAdapters(model, 2);
        var adapters = folders.Load(model);
        using var kept = new KeptBeginnings(model, Room);
        int[] first = [.. Enumerable.Range(0, 12).Select(i => i * 7 % 40)], second = [.. first, .. Enumerable.Range(0, 10)];
        List<OptionQuestion> questions = [];
        for (var q = 0; q < 12; q++)
            questions.Add(new([.. q % 3 == 0 ? second : first, .. Enumerable.Range(0, 16 + q).Select(i => (i + q) * 3 % 41)],
                new([8, 9], q % 4 == 2 ? [[1], [2, 3, 4], [2, 3, 5]] : [[q + 1], [q + 2]]))
            { Adapter = Of(q) });
        questions.Add(new([3, 1, 4], new([], [[1], [2]])));
        foreach (var adapter in adapters.Prepend(null)) kept.Add(adapter, first);
        kept.Add(adapters[0], second);

        var whole = new OptionScorer(model).Read(questions);
        foreach (var round in (int[])[1, 2])
        {
            var behind = new OptionScorer(model, kept: kept).Read(questions);

            foreach (var (expected, actual) in whole.Zip(behind))
            {
                Assert.Equal(expected.Logits, actual.Logits, (a, b) => Math.Abs(a - b) < 2e-5);
                Assert.Equal(expected.State, actual.State, (a, b) => Math.Abs(a - b) < 2e-5);
            }
        }
        Assert.True(kept.ReusedTokens >= 2 * 12 * 12, $"{kept.ReusedTokens} tokens");
        foreach (var adapter in adapters) adapter.Dispose();

        AdapterWeights? Of(int q) => q % 3 == 2 ? null : adapters[q % 3];
    }

    [Theory]
    [InlineData("Float32", 1)]
    [InlineData("BFloat16", 1)]
    [InlineData("Float32", 2)]
    [InlineData("BFloat16", 2)]
    public void A_questions_bits_are_the_same_with_and_without_a_kept_beginning(string type, int threads)
    {
        var before = get_num_threads();
        set_num_threads(threads);
        try
        {
            using var chat = ChatModel.Load(
                new(ManyAdaptersTests.Embedded, []) { Template = "default", Type = Enum.Parse<ScalarType>(type) }, CPU);
            using var folders = new RandomAdapters(chat.Model, 2, 0.02);
            var adapters = folders.Load(chat.Model);
            var questions = ManyAdaptersTests.EmbeddedQuestions(chat, 8)
                .Select((q, i) => q with { Adapter = i % 3 == 2 ? null : adapters[i % 3] }).ToList();
            using var kept = new KeptBeginnings(chat.Model, Room);
            var shared = questions.Min(q => questions[0].Prompt.AsSpan().CommonPrefixLength(q.Prompt));
            foreach (var adapter in adapters.Prepend(null)) kept.Add(adapter, questions[0].Prompt[..shared]);
            kept.Add(questions[7].Adapter, questions[7].Prompt); // of its own prompt as much as leaves it tokens of its own
            var plain = new OptionScorer(chat.Model);
            var behind = new OptionScorer(chat.Model, kept: kept);
            var expected = questions.Select(q => plain.Read([q])[0]).ToList();

            foreach (var size in (int[])[1, 3, 8])
            {
                var actual = questions.Chunk(size).SelectMany(behind.Read).ToList();

                Assert.Equal(expected.Select(r => r.Logits), actual.Select(r => r.Logits));
                Assert.Equal(expected.Select(r => r.State), actual.Select(r => r.State));
            }
            Assert.True(kept.ReusedTokens >= 3 * 8 * shared, $"{kept.ReusedTokens} tokens, {shared} shared");
            foreach (var adapter in adapters) adapter.Dispose();
        }
        finally
        {
            set_num_threads(before);
        }
    }

    [Fact]
    public void The_least_recently_used_gives_way_and_the_bytes_stay_in_their_bounds()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var bytes = 2L * model.Shape.Layers * 12 * model.Shape.KvHeads * model.Shape.HeadDim * 4;
        using var kept = new KeptBeginnings(model, 2 * bytes);
        var scorer = new OptionScorer(model, kept: kept);
        foreach (var token in (int[])[1, 2, 3]) kept.Add(null, Beginning(token, 12));
        kept.Add(null, Beginning(4, 40)); // larger than all the room

        Assert.Equal(0, kept.Bytes);
        Assert.Equal(12, Reused(1));
        Assert.Equal(12, Reused(2));
        Assert.Equal(2 * bytes, kept.Bytes);
        Assert.Equal(12, Reused(3));
        Assert.Equal(2 * bytes, kept.Bytes);
        Assert.Equal(24, Reused(2, 3));
        Assert.Equal(24, Reused(1, 2, 3)); // no room for three in one forward
        Assert.Equal(0, Reused(4));
        kept.Remove(null);
        Assert.Equal(0, Reused(2));
        Assert.Equal(0, kept.Bytes);

        int[] Beginning(int token, int length) => [.. Enumerable.Repeat(token, length)];

        long Reused(params int[] tokens)
        {
            var before = kept.ReusedTokens;
            scorer.Read([.. tokens.Select(t =>
                new OptionQuestion([.. Beginning(t, t == 4 ? 40 : 12), .. Beginning(9, 20)], new([], [[1], [2]])))]);
            return kept.ReusedTokens - before;
        }
    }

    [Fact]
    public void Room_counts_only_what_is_computed()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var kept = new KeptBeginnings(model, Room);
        var beginning = Enumerable.Repeat(1, 20).ToArray();
        kept.Add(null, beginning);
        OptionQuestion Of(int own) => new([.. beginning, own, .. Enumerable.Range(0, 19)], new([], [[1], [2]]));

        Assert.Equal([0..2, 2..3], new OptionScorer(model, 40, kept).Batches([Of(2), Of(3), Of(4)]));
        Assert.Equal([0..1, 1..2, 2..3], new OptionScorer(model, 40).Batches([Of(2), Of(3), Of(4)]));
    }

    [Fact]
    public void No_tensor_outlives_forwards_with_beginnings_and_adapters_that_come_and_go()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var folders = new RandomAdapters(model, 2);
        using var kept = new KeptBeginnings(model, Room);
        var scorer = new OptionScorer(model, kept: kept);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        int[] beginning = [.. Enumerable.Repeat(1, 12)];
        Once();

        var before = statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++) Once();

        Assert.Equal(before, statistics.ThreadTotalLiveCount);
        Assert.Equal(12 * 2 * 4, kept.ReusedTokens);

        void Once()
        {
            var adapters = folders.Load(model);
            foreach (var adapter in adapters) kept.Add(adapter, beginning);
            scorer.Read([.. adapters.Select(a =>
                new OptionQuestion([.. beginning, .. beginning, .. beginning], new([], [[1], [2]])) { Adapter = a })]);
            foreach (var adapter in adapters)
            {
                kept.Remove(adapter);
                adapter.Dispose();
            }
            scorer.Read([new([1, 2, 3], new([], [[1], [2]]))]);
        }
    }
}
