using FinIntent.Evaluation;
using Xunit;

namespace FinIntent.Tests.Evaluation;

/// <summary>Values that a few lines of arithmetic give.</summary>
public sealed class MetricTests
{
    [Fact]
    public void Sixty_six_of_seventy_five_lie_between_78_7_and_93_6_percent()
    {
        var (low, high) = new Proportion(66, 75).Wilson95;

        Assert.Equal(0.787, low, 0.0005);
        Assert.Equal(0.936, high, 0.0005);
    }

    [Fact]
    public void One_item_says_little_and_none_says_nothing()
    {
        // n = 1, all right: the lower end is 1 / (1 + z²), z² = 3.841458820694124.
        var (low, high) = new Proportion(1, 1).Wilson95;
        Assert.Equal(1 / 4.841458820694124, low, 1e-12);
        Assert.Equal(1, high);
        Assert.Equal(0, new Proportion(0, 1).Wilson95.Low);
        Assert.Equal(1 - 1 / 4.841458820694124, new Proportion(0, 1).Wilson95.High, 1e-12);

        Assert.Equal((0, 1), new Proportion(0, 0).Wilson95);
        Assert.True(double.IsNaN(new Proportion(0, 0).Value));
    }

    [Fact]
    public void Without_items_every_mean_is_undefined()
    {
        var matrix = new ConfusionMatrix(["A", "B"], []);
        var scores = ProbabilityScores.Of([]);

        Assert.Equal(0, matrix.Count);
        Assert.True(double.IsNaN(matrix.MacroF1));
        Assert.True(double.IsNaN(matrix.Matthews));
        Assert.All([scores.LogLoss, scores.Brier, scores.CalibrationError], v => Assert.True(double.IsNaN(v)));
    }

    [Fact]
    public void An_unreadable_answer_is_wrong_and_costs_its_class_recall_only()
    {
        var matrix = new ConfusionMatrix(["A", "B"], [(0, 0), (0, null), (1, 1)]);

        Assert.Equal(new Proportion(2, 3), matrix.Accuracy);
        Assert.Equal(1, matrix[0, matrix.Unreadable]);
        Assert.Equal((1.0, 0.5), (matrix.PerClass[0].Precision, matrix.PerClass[0].Recall));
        Assert.Equal((2.0 / 3 + 1) / 2, matrix.MacroF1, 1e-15);
    }

    [Fact]
    public void Matthews_correlation_of_two_classes_is_that_of_the_four_counts()
    {
        // 3 of 4 golds A are answered A, 2 of 3 golds B are answered B: (3 · 2 − 1 · 1) / √(4 · 4 · 3 · 3).
        var matrix = new ConfusionMatrix(["A", "B"], [(0, 0), (0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (1, 0)]);

        Assert.Equal(5 / 12.0, matrix.Matthews, 1e-15);
    }

    [Fact]
    public void Even_probabilities_cost_ln_5_and_four_fifths()
    {
        double[] even = [0.2, 0.2, 0.2, 0.2, 0.2];
        var scores = ProbabilityScores.Of([(0, even), (3, even)]);

        Assert.Equal(Math.Log(5), scores.LogLoss, 1e-12);
        Assert.Equal(0.8, scores.Brier, 1e-12);
        // Ties go to the first class, so one of two is right at confidence 0.2.
        Assert.Equal(0.3, scores.CalibrationError, 1e-12);
        Assert.Equal(new Proportion(1, 2), scores.Bins[1].Correct);
    }

    [Fact]
    public void A_bin_holds_its_upper_end()
    {
        var scores = ProbabilityScores.Of([(0, [0.6, 0.4]), (0, [0.61, 0.39]), (0, [1, 0])]);

        Assert.Equal([1, 1, 1], new[] { 5, 6, 9 }.Select(b => scores.Bins[b].Correct.Trials));
    }
}
