using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Generation;

public sealed class AnswerTreeTests
{
    [Fact]
    public void Answers_that_begin_alike_are_asked_once_for_what_follows()
    {
        var tree = new AnswerTree();

        tree.Add(0, new([7, 8], new([9], [[1, 2, 5], [1, 2, 6], [1, 3, 5], [4]])));

        Assert.Equal([[7, 8, 9, 1, 2], [7, 8, 9, 1, 3], [7, 8, 9]], tree.Rows);
        // Behind the lead, behind 1, behind 1 2 and behind 1 3.
        Assert.Equal([(0, 2), (0, 3), (0, 4), (1, 4)], tree.Outputs);
        Assert.Equal([(0, 1, 0), (1, 2, 0), (2, 5, 0), (0, 1, 1), (1, 2, 1), (2, 6, 1), (0, 1, 2), (1, 3, 2), (3, 5, 2), (0, 4, 3)],
            tree.Asked.Select(a => (a.Output, a.Id, a.Option)));
    }

    /// <summary>The chain rule, a forward of each answer alone.</summary>
    [Fact]
    public void Two_hundred_answers_have_the_probabilities_of_each_alone()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var prompt = fixture.Sequences[3][..12];
        var tails = Enumerable.Range(0, 200)
            .Select(i => (int[])[10 + i % 7, 20 + i % 5, .. i % 3 == 0 ? [30 + i % 11] : (int[])[40, 25 + i / 20, 42], i / 5 + 1, 2])
            .DistinctBy(t => string.Join(' ', t)).ToList();

        var scores = new OptionScorer(model, 4096).Score([new(prompt, new([3], tails))])[0];

        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        var alone = tails.Select(tail =>
        {
            using var batch = TokenBatch.All([[.. prompt, 3, .. tail]], CPU);
            var log = model.forward(batch).log_softmax(-1);
            return Enumerable.Range(0, tail.Length).Sum(t => (double)log[prompt.Length + t, tail[t]].item<float>());
        }).ToArray();
        var total = alone.Sum(a => Math.Exp(a - alone.Max()));
        for (var i = 0; i < tails.Count; i++) Assert.Equal(Math.Exp(alone[i] - alone.Max()) / total, scores[i], 1e-5);
        Assert.True(tails.Count > 150);
    }
}
