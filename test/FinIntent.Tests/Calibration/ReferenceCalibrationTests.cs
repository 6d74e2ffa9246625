using System.Text.Json;
using FinIntent.Calibration;
using FinIntent.Calibration.OutOfScope;
using FinIntent.Evaluation;
using FinIntent.Generation;
using Xunit;

namespace FinIntent.Tests.Calibration;

/// <summary>Against scikit-learn, scipy and numpy: test/fixtures/calibration/make.py wrote the values.</summary>
public sealed class ReferenceCalibrationTests
{
    const double Tolerance = 1e-9;

    static readonly JsonElement Expected =
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Reference.Path("fixtures/calibration/calibration.json")));

    static readonly List<CalibrationRow> Rows =
        [.. Readings("logits", "states").Zip(Expected.GetProperty("gold").Deserialize<int[]>()!, (r, gold) => new CalibrationRow(r, gold))];

    static readonly List<OptionReading> OutOfScope = Readings("out_of_scope_logits", "out_of_scope_states");

    public static TheoryData<string> Scores => new(Enum.GetValues<OutOfScopeKind>().Select(CalibrationFile.NameOf));

    [Fact]
    public void The_temperature_and_its_log_loss_are_the_references()
    {
        var fit = ScalingFit.Of(Rows);

        Assert.Equal(Number("temperature"), ScalingFit.Temperature(Rows), Tolerance);
        Assert.Equal(Expected.GetProperty("log_loss").Deserialize<double[]>()!, [fit.Before, fit.After], Near);
    }

    [Fact]
    public void Offsets_are_the_references()
    {
        foreach (var expected in Expected.GetProperty("offsets").EnumerateArray())
        {
            var free = expected.GetProperty("free").Deserialize<int[]>()!;

            var scaling = OffsetFit.Of(Rows, free);

            Assert.Equal(expected.GetProperty("temperature").GetDouble(), scaling.Temperature, Tolerance);
            Assert.Equal(expected.GetProperty("offsets").Deserialize<double[]>()!, free.Select(k => scaling.Offsets![k]), Near);
            Assert.All(Enumerable.Range(0, 4).Except(free), k => Assert.Equal(0, scaling.Offsets![k]));
        }
    }

    [Fact]
    public void The_quantiles_of_prediction_sets_are_the_references()
    {
        foreach (var pair in Expected.GetProperty("conformal").Deserialize<double[][]>()!)
            Assert.Equal(pair[1], PredictionSets.Of(Rows, pair[0]).Quantile, Tolerance);
    }

    [Fact]
    public void Exact_binomial_bounds_are_the_references()
    {
        foreach (var row in Expected.GetProperty("binomial").Deserialize<double[][]>()!)
            Assert.Equal(row[3], ExactBinomial.LowerBound((int)row[0], (int)row[1], row[2]), Tolerance);
    }

    [Theory, MemberData(nameof(Scores))]
    public void A_score_of_questions_out_of_scope_and_its_separation_are_the_references(string name)
    {
        var expected = Expected.GetProperty("out_of_scope").GetProperty("scores").GetProperty(name);
        var kind = Enum.GetValues<OutOfScopeKind>().Single(k => CalibrationFile.NameOf(k) == name);

        var score = OutOfScopeScore.Fit(kind, Rows, OutOfScope, noneOption: 3)!;
        double[] inside = [.. Rows.Select(r => score.Of(r.Reading))], outside = [.. OutOfScope.Select(score.Of)];
        var separation = Separation.Of(inside, outside);

        Assert.Equal(expected.GetProperty("in_scope").Deserialize<double[]>()!, inside, Near);
        Assert.Equal(expected.GetProperty("out_of_scope").Deserialize<double[]>()!, outside, Near);
        Assert.Equal(expected.GetProperty("auroc").GetDouble(), separation.AreaUnderCurve, Tolerance);
        Assert.Equal(expected.GetProperty("fpr_at_95_tpr").GetDouble(), separation.FalseShare, Tolerance);
    }

    [Fact]
    public void The_shrinkage_of_a_covariance_is_Ledoit_and_Wolfs()
    {
        var own = (StateScore)OutOfScopeScore.Fit(OutOfScopeKind.Mahalanobis, Rows, OutOfScope, null)!;
        var both = (StateScore)OutOfScopeScore.Fit(OutOfScopeKind.Discriminant, Rows, OutOfScope, null)!;

        Assert.Equal(Expected.GetProperty("out_of_scope").GetProperty("shrinkage").GetDouble(), own.Covariance.Shrinkage, Tolerance);
        Assert.Equal(Expected.GetProperty("out_of_scope").GetProperty("both_shrinkage").GetDouble(), both.Covariance.Shrinkage, Tolerance);
    }

    [Fact]
    public void Risk_and_coverage_are_the_references()
    {
        foreach (var expected in Expected.GetProperty("risk_coverage").EnumerateArray())
        {
            var curve = RiskCoverage.Of([.. expected.GetProperty("confidence").Deserialize<double[]>()!
                .Zip(expected.GetProperty("right").Deserialize<bool[]>()!)]);

            Assert.Equal(expected.GetProperty("area").GetDouble(), curve.Area, Tolerance);
            Assert.Equal(expected.GetProperty("points").Deserialize<double[][]>()!.SelectMany(p => p),
                curve.Points.SelectMany(p => (double[])[p.Coverage, p.Risk]), Near);
            foreach (var at in expected.GetProperty("accuracy_at").EnumerateObject())
                Assert.Equal(at.Value.GetDouble(), curve.AccuracyAt(Parse(at.Name)), Tolerance);
            foreach (var at in expected.GetProperty("coverage_at").EnumerateObject())
                Assert.Equal(at.Value.GetDouble(), curve.CoverageAt(Parse(at.Name)), Tolerance);
        }
    }

    static bool Near(double a, double b) => Math.Abs(a - b) <= Tolerance * Math.Max(1, Math.Abs(a));

    static double Parse(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    static double Number(string key) => Expected.GetProperty(key).GetDouble();

    static List<OptionReading> Readings(string logits, string states) =>
    [
        .. Expected.GetProperty(logits).Deserialize<double[][]>()!.Zip(Expected.GetProperty(states).Deserialize<double[][]>()!,
            (l, s) => new OptionReading(l, [.. s.Select(x => (float)x)])),
    ];
}
