using FinIntent.Curation;
using FinIntent.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Curation;

[Collection(TorchRandomCollection.Name)]
public sealed class ClassifierTests
{
    public ClassifierTests() => LibTorch.Load();

    /// <summary>
    /// By hand: texts of one character have the runs " ", c, " " / " c", "c " / " c ", so 6 each, of which 4 tell the classes apart.
    /// </summary>
    [Fact]
    public void Naive_bayes_is_the_product_of_smoothed_shares()
    {
        var bayes = new CharacterBayes(["a", "b", "b"], [0, 1, 1], 2);

        var p = bayes.Probabilities("a")[0];

        // Runs known: " " (twice in each text), a, " a", "a ", " a " and the same four of b: 9 in all; class 0 has 6 run tokens, class 1
        // has 12.
        var (d0, d1) = (6 + 0.1 * 9, 12 + 0.1 * 9);
        var first = 2 / 5.0 * Math.Pow(2.1 / d0, 2) * Math.Pow(1.1 / d0, 4);
        var second = 3 / 5.0 * Math.Pow(4.1 / d1, 2) * Math.Pow(0.1 / d1, 4);
        Assert.Equal(first / (first + second), p, 1e-12);
        Assert.Equal(1, bayes.Probabilities("never seen").Sum(), 1e-12);
    }

    /// <summary>Where the penalised loss is least, its gradient is zero: checked with the probabilities alone.</summary>
    [Fact]
    public void Logistic_regression_ends_where_the_gradient_is_zero()
    {
        using var scope = NewDisposeScope();
        using var generator = manual_seed(5);
        var x = randn(90, 3);
        var classes = Enumerable.Range(0, 90).Select(i => i % 9 == 0 ? 2L : i % 2).ToArray();
        x = x + nn.functional.one_hot(tensor(classes), 3) * 1.5;
        const double penalty = 0.1;

        using var regression = LogisticRegression.Fit(x, classes, 3, penalty);
        var p = regression.Probabilities(x);

        // The intercepts' gradient: each class's mean probability is its share.
        for (var c = 0; c < 3; c++) Assert.Equal(classes.Count(k => k == c) / 90.0, p.Average(row => row[c]), 1e-3);
        // Any other weights do worse: a fit on shuffled labels predicts these less well.
        double LogLoss(double[][] some) => -some.Select((row, i) => Math.Log(row[classes[i]])).Average();
        using var shuffled = LogisticRegression.Fit(x, [.. classes.Skip(1), classes[0]], 3, penalty);
        Assert.True(LogLoss(p) < LogLoss(shuffled.Probabilities(x)) - 0.1);
        Assert.True(p.Index().Count(row => row.Item.Max() == row.Item[classes[row.Index]]) > 60);
    }

    [Fact]
    public void A_heavier_penalty_is_less_sure()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new float[] { -1, -2, -1.5f, 1, 2, 1.5f }).view(6, 1);
        long[] classes = [0, 0, 0, 1, 1, 1];
        double Sureness(double penalty)
        {
            using var regression = LogisticRegression.Fit(x, classes, 2, penalty);
            return regression.Probabilities(x)[4][1];
        }

        Assert.InRange(Sureness(0.001), 0.98, 1);
        Assert.InRange(Sureness(1), 0.5, 0.9);
    }
}
