using System.Text.Json;
using FinIntent.Evaluation;
using Xunit;

namespace FinIntent.Tests.Evaluation;

/// <summary>Against scikit-learn, statsmodels and numpy: test/fixtures/evaluation/make.py wrote the values.</summary>
public sealed class ReferenceMetricsTests
{
    const double Tolerance = 1e-9;

    static readonly string[] Classes = ["A", "B", "C", "D", "E"];

    static readonly JsonElement[] All = JsonSerializer.Deserialize<JsonElement[]>(
        File.ReadAllText(Reference.Path("fixtures/evaluation/metrics.json")))!;

    public static TheoryData<string> Cases => new(All.Select(c => c.GetProperty("name").GetString()!));

    [Theory, MemberData(nameof(Cases))]
    public void Accuracy_interval_F1_and_confusion_are_the_references(string name)
    {
        var expected = Case(name);
        var matrix = Matrix(expected);

        Assert.Equal(Number(expected, "accuracy"), matrix.Accuracy.Value, Tolerance);
        Assert.Equal(Numbers(expected, "wilson95"), [matrix.Accuracy.Wilson95.Low, matrix.Accuracy.Wilson95.High], Near);
        Assert.Equal(Number(expected, "macro_f1"), matrix.MacroF1, Tolerance);
        Assert.Equal(Number(expected, "mcc"), matrix.Matthews, Tolerance);
        Assert.Equal(Numbers(expected, "precision"), matrix.PerClass.Select(c => c.Precision), Near);
        Assert.Equal(Numbers(expected, "recall"), matrix.PerClass.Select(c => c.Recall), Near);
        Assert.Equal(Numbers(expected, "f1"), matrix.PerClass.Select(c => c.F1), Near);
        Assert.Equal(Numbers(expected, "support"), matrix.PerClass.Select(c => (double)c.Count));
        var rows = expected.GetProperty("confusion").Deserialize<int[][]>()!;
        for (var gold = 0; gold < rows.Length; gold++)
            Assert.Equal(rows[gold], Enumerable.Range(0, Classes.Length + 1).Select(predicted => matrix[gold, predicted]));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Log_loss_Brier_and_calibration_are_the_references(string name)
    {
        var expected = Case(name);
        if (!expected.TryGetProperty("probabilities", out var probabilities)) return;
        var gold = expected.GetProperty("gold").Deserialize<int[]>()!;
        var scores = ProbabilityScores.Of([.. gold.Zip(probabilities.Deserialize<double[][]>()!, (g, p) => (g, (IReadOnlyList<double>)p))]);

        Assert.Equal(Number(expected, "log_loss"), scores.LogLoss, Tolerance);
        Assert.Equal(Number(expected, "brier"), scores.Brier, Tolerance);
        Assert.Equal(Number(expected, "ece"), scores.CalibrationError, Tolerance);
        Assert.Equal(gold.Length, scores.Bins.Sum(b => b.Correct.Trials));
    }

    static ConfusionMatrix Matrix(JsonElement expected)
    {
        var gold = expected.GetProperty("gold").Deserialize<int[]>()!;
        var predicted = expected.GetProperty("predicted").Deserialize<int[]>()!;
        return new(Classes, gold.Zip(predicted, (g, p) => (g, p < 0 ? (int?)null : p)));
    }

    static JsonElement Case(string name) => All.Single(c => c.GetProperty("name").GetString() == name);

    static double Number(JsonElement from, string key) => from.GetProperty(key).GetDouble();

    static double[] Numbers(JsonElement from, string key) => from.GetProperty(key).Deserialize<double[]>()!;

    static bool Near(double a, double b) => Math.Abs(a - b) < Tolerance;
}
