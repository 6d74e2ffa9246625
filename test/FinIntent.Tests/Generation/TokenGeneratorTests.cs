using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Tests.Contracts;
using TorchSharp;
using Xunit;

namespace FinIntent.Tests.Generation;

public sealed class TokenGeneratorTests
{
    static readonly GenerationLimits Eight = new(new HashSet<int>(), 8);

    public static TheoryData<string> Families => ParityFixture.Families;

    [Theory, MemberData(nameof(Families))]
    public void Greedy_rows_of_several_lengths_together_are_the_references(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();

        var answers = new TokenGenerator(model, SamplingOptions.Greedy).Generate(Requests(fixture), Eight);

        Assert.Equal(fixture.Greedy, answers);
    }

    [Theory, MemberData(nameof(Families))]
    public void Sampled_rows_together_are_the_rows_alone(string family)
    {
        using var fixture = ParityFixture.Open(family);
        using var model = fixture.Model();
        var generator = new TokenGenerator(model, new(Temperature: 1.3, TopK: 0, TopP: 0.9, RepetitionPenalty: 1.1));

        var together = generator.Generate(Requests(fixture), Eight);
        var alone = Requests(fixture).Select(request => generator.Generate([request], Eight)[0]);

        Assert.Equal(alone, together);
        Assert.NotEqual(fixture.Greedy, together);
    }

    [Fact]
    public void Rows_that_end_early_leave_the_others_as_they_were()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var generator = new TokenGenerator(model, SamplingOptions.Greedy);

        HashSet<int> ends = [fixture.Greedy[0][4], fixture.Greedy[2][2]];
        var answers = generator.Generate(Requests(fixture), new(ends, 8));

        Assert.Equal(fixture.Greedy.Select(row => row.TakeWhile(id => !ends.Contains(id)).ToArray()), answers);
        Assert.True(answers.Select(answer => answer.Length).Distinct().Count() > 2);
    }

    [Fact]
    public void Tokens_are_told_as_they_come_and_the_listener_may_end_a_row()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        List<(int, int)> told = [];

        var answers = new TokenGenerator(model, SamplingOptions.Greedy).Generate(Requests(fixture)[..2], Eight, (row, id) =>
        {
            told.Add((row, id));
            return row == 0 || id != fixture.Greedy[1][1];
        });

        Assert.Equal([fixture.Greedy[0], fixture.Greedy[1][..2]], answers);
        Assert.Equal([(0, fixture.Greedy[0][0]), (1, fixture.Greedy[1][0]), (0, fixture.Greedy[0][1]), (1, fixture.Greedy[1][1]),
            (0, fixture.Greedy[0][2])],
            told[..5]);
    }

    [Fact]
    public void An_answer_ends_where_the_model_does_and_a_prompt_without_room_is_refused()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var room = model.Shape.MaxPositions;
        var generator = new TokenGenerator(model, SamplingOptions.Greedy);

        var answer = generator.Generate([new(Enumerable.Repeat(7, room - 2).ToArray())], Eight)[0];
        var error = Assert.Throws<UserErrorException>(() => generator.Generate([new(Enumerable.Repeat(7, room).ToArray())], Eight));

        Assert.Equal(2, answer.Length);
        Assert.Contains($"{room} tokens", error.Message);
    }

    [Fact]
    public void No_tensor_outlives_a_generation()
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        var generator = new TokenGenerator(model, SamplingOptions.Greedy);
        var statistics = DisposeScopeManager.Statistics.TensorStatistics;
        generator.Generate(Requests(fixture), Eight);

        var before = statistics.ThreadTotalLiveCount;
        for (var i = 0; i < 3; i++) generator.Generate(Requests(fixture), Eight);

        Assert.Equal(before, statistics.ThreadTotalLiveCount);
    }

    static GenerationRequest[] Requests(ParityFixture fixture) =>
        [.. fixture.Sequences.Select((row, i) => new GenerationRequest(row, Seed: i))];
}
