using FinIntent.Generation;
using Xunit;

namespace FinIntent.Tests.Generation;

public sealed class SamplerTests
{
    static readonly SamplingOptions Plain = new(Temperature: 1, TopK: 0, TopP: 1);

    [Fact]
    public void Greedy_takes_the_best_and_the_first_among_equals()
    {
        Assert.Equal(2, Draw(SamplingOptions.Greedy, [0, 1, 5, 5]));
    }

    [Fact]
    public void Unused_rows_are_never_drawn()
    {
        float[] logits = [0, 1, 50, 60];

        Assert.Equal(1, new Sampler(SamplingOptions.Greedy, 2, 0).Next([.. logits], []));
        Assert.All(Enumerable.Range(0, 200), seed => Assert.InRange(new Sampler(Plain, 2, seed).Next([.. logits], []), 0, 1));
    }

    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(0, 1e-9)]
    public void One_candidate_left_is_greedy(int topK, double topP)
    {
        var options = new SamplingOptions(Temperature: 100, TopK: topK, TopP: topP);

        Assert.All(Enumerable.Range(0, 50), seed => Assert.Equal(1, Draw(options, [1, 1.01f, 1, 0], seed)));
    }

    [Fact]
    public void Shares_are_those_of_the_softmax_at_the_temperature()
    {
        // Temperature 2 on logits 2·ln(1), 2·ln(2), 2·ln(5): shares 1/8, 2/8, 5/8. 3.9 standard deviations of 20 000 draws are under 0.014.
        float[] logits = [0, 2 * MathF.Log(2), 2 * MathF.Log(5)];

        var shares = Shares(Plain with { Temperature = 2 }, logits);

        Assert.Equal([0.125, 0.25, 0.625], shares, (a, b) => Math.Abs(a - b) < 0.014);
    }

    [Fact]
    public void Top_p_keeps_the_token_that_reaches_the_share_and_renormalises_after_top_k()
    {
        // Shares 0.5, 0.3, 0.2 of the three best of four; 0.5 < 0.6, so the second is kept and the third is not.
        float[] logits = [MathF.Log(0.3f), MathF.Log(0.5f), MathF.Log(0.01f), MathF.Log(0.2f)];

        var shares = Shares(new(Temperature: 1, TopK: 3, TopP: 0.6), logits);

        Assert.Equal([0.375, 0.625, 0, 0], shares, (a, b) => Math.Abs(a - b) < 0.014);
    }

    [Fact]
    public void The_penalty_divides_positive_and_multiplies_negative_scores_once_a_token()
    {
        var options = SamplingOptions.Greedy with { RepetitionPenalty = 2 };

        Assert.Equal(1, Draw(options, [4, 3, -1], seen: [0, 0]));      // 4 / 2 < 3
        Assert.Equal(0, Draw(options, [4, 1.9f, -1], seen: [0, 0]));   // 4 / 2 > 1.9: penalised once, not twice
        Assert.Equal(2, Draw(options, [-3, -5, -4], seen: [0]));       // −3 · 2 < −4
    }

    [Fact]
    public void A_seed_repeats_its_draws()
    {
        float[] logits = [1, 2, 3, 2, 1];
        int[] Sequence(long seed)
        {
            var sampler = new Sampler(Plain, logits.Length, seed);
            return [.. Enumerable.Range(0, 20).Select(_ => sampler.Next([.. logits], []))];
        }

        Assert.Equal(Sequence(7), Sequence(7));
        Assert.NotEqual(Sequence(7), Sequence(8));
    }

    static int Draw(SamplingOptions options, float[] logits, long seed = 0, params int[] seen) =>
        new Sampler(options, logits.Length, seed).Next([.. logits], seen);

    static double[] Shares(SamplingOptions options, float[] logits)
    {
        const int Draws = 20_000;
        var counts = new double[logits.Length];
        var sampler = new Sampler(options, logits.Length, 42);
        for (var i = 0; i < Draws; i++) counts[sampler.Next([.. logits], [])] += 1.0 / Draws;
        return counts;
    }
}
