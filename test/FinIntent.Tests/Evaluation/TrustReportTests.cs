using System.Text.Json.Nodes;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using Xunit;

namespace FinIntent.Tests.Evaluation;

public sealed class TrustReportTests
{
    static readonly Dictionary<string, string> Options = new() { ["A"] = "a", ["B"] = "b" };

    /// <summary>Four answers, the second one wrong, and two questions out of scope.</summary>
    static readonly Prediction[] Four =
    [
        Of("1", "A", 0.9, 0.8, ["A"], null, 1), Of("2", "B", 0.8, 0.7, ["A", "B"], null, 2),
        Of("3", "A", 0.7, 0.6, ["A", "B"], "low_probability", 3), Of("4", "B", 0.4, 0.45, ["B"], "out_of_scope", 9),
    ];

    static readonly Prediction[] Outside =
    [
        Of("o1", null, 0.6, 0.55, [], "out_of_scope", 8), Of("o2", null, 0.95, 0.9, ["A"], null, 2),
    ];

    [Fact]
    public void Sets_abstention_and_questions_out_of_scope_are_counted()
    {
        var trust = TrustReport.Of(Four, Outside);

        Assert.Equal((4, 4), (trust.Sets!.Holding.Successes, trust.Sets.Holding.Trials));
        Assert.Equal([0, 2, 2], trust.Sets.Sizes);
        Assert.Equal(1.5, trust.Sets.MeanSize);
        Assert.Equal(new Proportion(2, 4), trust.Abstention!.Answered);
        Assert.Equal(new Proportion(1, 2), trust.Abstention.Right);
        Assert.Equal((1, 1), (trust.Abstention.LowProbability, trust.Abstention.OutOfScope));
        // 8 is above 1, 2 and 3; 2 is above 1 and ties with 2.
        Assert.Equal((3 + 1.5) / 8, trust.OutOfScope!.Separation.AreaUnderCurve, 1e-12);
        Assert.Equal(1, trust.OutOfScope.Separation.FalseShare);
        Assert.False(trust.OutOfScope.IsByProbability);
        Assert.Equal((new(3, 4), new Proportion(1, 2)), (trust.OutOfScope.Passing!.Value, trust.OutOfScope.Found!.Value));
        // By calibrated probabilities: 0.8 right, 0.7 wrong, 0.6 and 0.55 right.
        Assert.Equal([0, 1.0 / 2, 1.0 / 3, 1.0 / 4], trust.Curve.Points.Select(p => p.Risk));
        Assert.NotEqual(trust.Own.Scores.LogLoss, trust.Calibrated!.Scores.LogLoss);
    }

    [Fact]
    public void Without_a_calibration_the_highest_probability_ranks_and_says_so()
    {
        var model = ModelReport.Of("m", [.. Four.Select(p => p.Uncalibrated)], [.. Outside.Select(p => p.Uncalibrated)]);
        var text = ReportText.Of(model, Language.English);
        var json = ReportJson.ModelOf(model)["trust"]!;

        Assert.Null(model.Trust!.Sets);
        Assert.Null(model.Trust.Abstention);
        Assert.True(model.Trust.OutOfScope!.IsByProbability);
        // 1 − p: in scope 0.1, 0.2, 0.3, 0.4; out of scope 0.4 (a tie) and 0.05.
        Assert.Equal(3.5 / 8, model.Trust.OutOfScope.Separation.AreaUnderCurve, 1e-12);
        Assert.Contains("The score for questions out of scope is 1 − the highest probability here", text);
        Assert.Equal(("probability", 2), ((string)json["out_of_scope"]!["score"]!, (int)json["out_of_scope"]!["count"]!));
        Assert.Null(json["calibrated"]);
        Assert.Equal(4, json["risk_coverage"]!.AsArray().Count);
    }

    [Fact]
    public void Lines_out_of_scope_need_no_gold_and_are_read_apart()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("p.jsonl", string.Concat(Four.Concat(Outside).Select(p => p.ToLine() + "\n")));
        var unknown = folder.Write("u.jsonl", Four[0].ToLine() + "\n" + (Outside[0] with { OutOfScope = null }).ToLine() + "\n");
        var other = folder.Write("d.jsonl", Four[0].ToLine() + "\n" + Four[1].Uncalibrated.ToLine() + "\n");

        var set = PredictionSet.Read(path);

        Assert.Equal((4, 2), (set.Predictions.Count, set.OutOfScope.Count));
        Assert.Equal(Four.Concat(Outside).Select(p => p.ToLine()), set.Predictions.Concat(set.OutOfScope).Select(p => p.ToLine()));
        Assert.Contains("has no \"gold\"", Assert.Throws<UserErrorException>(() => PredictionSet.Read(unknown)).Message);
        Assert.Contains("\"calibrated\"", Assert.Throws<UserErrorException>(() => PredictionSet.Read(other)).Message);
        var wrong = JsonNode.Parse(Four[0].ToLine())!;
        wrong["prediction_set"] = new JsonArray("C");
        Assert.Contains("\"prediction_set\" has \"C\"",
            Assert.Throws<UserErrorException>(() => Prediction.Parse(wrong.ToJsonString(), "p:1")).Message);
    }

    /// <summary>Of four answers in one bin, k are right by the binomial distribution, and the error is |k / 4 − 0.75|.</summary>
    [Fact]
    public void True_probabilities_have_an_error_that_falls_with_the_number_of_answers()
    {
        var four = PerfectCalibration.ExpectedError([0.75, 0.75, 0.75, 0.75]);
        double[] chance = [1 / 256.0, 12 / 256.0, 54 / 256.0, 108 / 256.0, 81 / 256.0];
        var exact = chance.Select((p, k) => p * Math.Abs(k / 4.0 - 0.75)).Sum();

        Assert.Equal(exact, four, 0.02);
        Assert.Equal(four, PerfectCalibration.ExpectedError([0.75, 0.75, 0.75, 0.75]));
        Assert.InRange(PerfectCalibration.ExpectedError([.. Enumerable.Repeat(0.75, 400)]), 0.01, 0.03);
        Assert.Equal(0, PerfectCalibration.ExpectedError([1, 1]));
    }

    static Prediction Of(string id, string? gold, double a, double calibratedA, string[] set, string? reason, double score) => new()
    {
        Id = id,
        Question = $"q{id}",
        Gold = gold,
        Probabilities = Values(a),
        Calibrated = Values(calibratedA),
        PredictionSet = set,
        Abstained = reason is not null,
        AbstentionReason = reason,
        OutOfScopeScore = score,
        OutOfScope = gold is null ? true : null,
        Options = Options,
        Model = "m",
    };

    static Dictionary<string, double> Values(double a) => new() { ["A"] = a, ["B"] = 1 - a };
}
