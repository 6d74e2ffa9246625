using System.Text.Json;
using FinIntent.Evaluation;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Evaluation;

/// <summary>
/// What follows from the definitions, and what test/fixtures/evaluation/make_robustness.py computes from the same answers.
/// </summary>
public sealed class RobustnessTests
{
    const double Tolerance = 1e-9;

    static readonly JsonElement All = JsonSerializer.Deserialize<JsonElement>(
        File.ReadAllText(Reference.Path("fixtures/evaluation/robustness.json")));

    public static TheoryData<string> Cases => [.. All.EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    [Theory]
    [InlineData("rotations", false)]
    [InlineData("all", false)]
    [InlineData("rotations", true)]
    public void A_model_that_always_answers_the_first_place_is_right_a_kth_of_the_time_and_never_keeps_its_intent(
        string permutations, bool named)
    {
        var asked = PermutedQuestions.Of(PermutedAnswers.Questions([0, 1, 1, 3], named: named), permutations, 1);

        var rule = PermutedAnswers.Report(asked, (_, _, q) => q.Options[0].Label)["strict"]!;

        Assert.Equal(0.2, rule.Mean.Value);
        Assert.Equal(new(0, 4), rule.Unchanged);
        // Gold stands first for all four in one rotation each: 1, 2, 0, 1, 0 right.
        if (permutations == "rotations") Assert.Equal([1, 2, 0, 1, 0], rule.ByOrder.Select(o => o.Successes));
        Assert.Equal((named ? "1" : "A", 1.0, 1.0), (rule.Places[0].Label, rule.Places[0].Chosen.Value, rule.Places[0].WhenGold.Value));
        // As far as letters can be from where the right answers stand: 1 − 1/5.
        Assert.Equal(0.8, rule.TotalVariation, 1e-15);
        Assert.Equal((0.8, 0.8), rule.Places[0].Interval95);
        // Every question is right equally often, so nothing tells how questions differ: as if all answers were independent, and no
        // narrower.
        Assert.Equal(4.0 * asked.Orders.Count, rule.Mean.EffectiveQuestions);
        // All intents have as many votes: the first one, which is question 0's gold.
        Assert.Equal(new(1, 4), rule.Majority);
    }

    [Fact]
    public void A_perfect_model_has_Wilsons_interval_on_its_questions_and_no_bias()
    {
        var asked = PermutedQuestions.Of(PermutedAnswers.Questions(Enumerable.Range(0, 75).Select(i => i % 5)), "all", 1);

        var rule = PermutedAnswers.Report(asked, (_, _, q) => q.Gold)["lenient"]!;

        Assert.Equal((1.0, 75.0), (rule.Mean.Value, rule.Mean.EffectiveQuestions));
        Assert.Equal(new Proportion(75, 75).Wilson95, rule.Mean.Interval95);
        Assert.Equal((new Proportion(75, 75), 75, new Proportion(75, 75)), (rule.Unchanged, rule.UnchangedRight, rule.Majority));
        Assert.All(rule.Places, p => Assert.Equal((0.2, 0.2, 1.0), (p.Chosen.Value, p.Gold.Value, p.WhenGold.Value)));
        Assert.Equal(0, rule.TotalVariation);
        Assert.Empty(rule.Changing);
    }

    [Fact]
    public void A_model_that_reads_intents_has_Wilsons_interval_on_its_questions_also_when_it_errs()
    {
        var asked = PermutedQuestions.Of(PermutedAnswers.Questions(Enumerable.Range(0, 75).Select(i => i % 5)), "rotations", 1);

        // Always the stock, whatever its letter.
        var rule = PermutedAnswers.Report(asked, (_, _, q) => q.Options.First(o => o.Name == "个股").Label)["strict"]!;

        Assert.Equal(75.0, rule.Mean.EffectiveQuestions);
        Assert.Equal(new Proportion(15, 75).Wilson95, rule.Mean.Interval95);
        Assert.Equal((new Proportion(75, 75), 15, 0.0), (rule.Unchanged, rule.UnchangedRight, rule.TotalVariation));
    }

    [Fact]
    public void An_answer_that_cannot_be_read_is_wrong_no_choice_and_no_unchanged_intent()
    {
        var asked = PermutedQuestions.Of(PermutedAnswers.Questions([0, 1, 2]), "rotations", 1);

        var report = PermutedAnswers.Report(asked, (q, order, asked) => q == 2 || (q == 1 && order == 3) ? null : asked.Gold);
        var rule = report["strict"]!;

        Assert.Equal([2, 2, 2, 1, 2], rule.ByOrder.Select(o => o.Successes));
        Assert.Equal((3, 0), (rule.Worst, rule.Best));
        Assert.Equal((new Proportion(1, 3), new Proportion(2, 3)), (rule.Unchanged, rule.Majority));
        Assert.Equal(9, rule.Places[0].Chosen.Trials);
        Assert.Equal(["2", "1"], rule.Changing.Select(q => q.Id));
        Assert.Equal((new Proportion(4, 5), ("个股", 4)), (rule.Changing[1].Right, rule.Changing[1].Votes.Single()));
        // Nothing at all to read: shares of nothing are unknown.
        Assert.True(double.IsNaN(PermutedAnswers.Report(asked, (_, _, _) => null)["strict"]!.TotalVariation));
    }

    [Fact]
    public void Averaged_probabilities_are_the_means_over_the_orders_and_what_is_scored_is_by_intent()
    {
        var asked = PermutedQuestions.Of(PermutedAnswers.Questions([0, 1], options: 3), "rotations", 1);

        // Question 0 is wrong in one order of three, and right on average; question 1 the other way round.
        var predictions = PermutedAnswers.Scored(asked, (q, order) => (q, order) switch
        {
            (0, 1) => [0.4, 0.6, 0],
            (0, _) => [0.7, 0.2, 0.1],
            (_, 2) => [0.1, 0.8, 0.1],
            _ => [0.6, 0.3, 0.1],
        });
        var averaged = RobustnessReport.Of(asked, predictions)["scored"]!.Averaged!;

        Assert.Equal(new(2, 2), averaged.Accuracy);
        double first = (0.4 + 0.7 + 0.7) / 3, second = (0.8 + 0.3 + 0.3) / 3;
        Assert.Equal(-(Math.Log(first) + Math.Log(second)) / 2, averaged.Scores.LogLoss, 1e-12);
        Assert.Equal(-(Math.Log(0.4) + 2 * Math.Log(0.7) + Math.Log(0.8) + 2 * Math.Log(0.3)) / 6, averaged.Single.LogLoss, 1e-12);
        // In the bins of 0.6 and 0.5 (the mean of question 1 is 0.433, 0.467, 0.1): both right.
        Assert.Equal((1 - first + 1 - second) / 2, averaged.Scores.CalibrationError, 1e-12);
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_statistics_are_the_references(string name)
    {
        var expected = All.EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        var orders = expected.GetProperty("orders").Deserialize<int[][]>()!.Select(places => new OptionOrder(places)).ToList();
        var chosen = expected.GetProperty("chosen").Deserialize<int[][]>()!;
        var asked = new PermutedQuestions(PermutedAnswers.Questions(expected.GetProperty("gold").Deserialize<int[]>()!,
            orders[0].Places.Count), orders);

        var rule = PermutedAnswers.Report(asked, (q, order, question) =>
            chosen[q][order] < 0 ? null : question.Options.First(o =>
                o.Name == PermutedAnswers.Intents[chosen[q][order]]).Label)["strict"]!;

        Assert.Equal(Number("mean"), rule.Mean.Value, Tolerance);
        Assert.Equal(Number("effective_questions"), rule.Mean.EffectiveQuestions, Tolerance);
        AssertNear(expected.GetProperty("interval95"), rule.Mean.Interval95);
        Assert.Equal(expected.GetProperty("by_order").Deserialize<int[]>()!, rule.ByOrder.Select(o => o.Successes));
        Assert.Equal((Number("unchanged"), Number("unchanged_right"), Number("majority")),
            (rule.Unchanged.Successes, rule.UnchangedRight, rule.Majority.Successes));
        Assert.Equal(Number("total_variation"), rule.TotalVariation, Tolerance);
        foreach (var (place, reference) in rule.Places.Zip(expected.GetProperty("places").EnumerateArray()))
        {
            Assert.Equal(reference.GetProperty("chosen").GetDouble(), place.Chosen.Value, Tolerance);
            Assert.Equal(reference.GetProperty("gold").GetDouble(), place.Gold.Value, Tolerance);
            Assert.Equal(reference.GetProperty("accuracy_when_gold").GetDouble(), place.WhenGold.Value, Tolerance);
            AssertNear(reference.GetProperty("interval95"), place.Interval95);
        }

        double Number(string key) => expected.GetProperty(key).GetDouble();
    }

    [Fact]
    public void Questions_with_unlike_options_are_refused_by_their_ids()
    {
        var error = Assert.Throws<UserErrorException>(() => PermutedQuestions.Of(
            [PermutedAnswers.Questions([0])[0], PermutedAnswers.Questions([0, 1], options: 3)[1]], "rotations", 1));

        Assert.Contains("question 0 has 5 options and question 1 has 3", error.Message);
    }

    static void AssertNear(JsonElement expected, (double Low, double High) actual)
    {
        Assert.Equal(expected[0].GetDouble(), actual.Low, Tolerance);
        Assert.Equal(expected[1].GetDouble(), actual.High, Tolerance);
    }
}
