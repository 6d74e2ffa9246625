namespace FinIntent.Evaluation.Reports;

/// <summary>How far probabilities can be trusted, for programs.</summary>
static class TrustJson
{
    public static JsonObject Of(TrustReport trust)
    {
        var json = new JsonObject();
        ReportJson.Add(json, TrustTables.CurveColumns, trust.Curve);
        json["accuracy_at_coverage"] = Map(TrustReport.Coverages, trust.Curve.AccuracyAt);
        json["coverage_at_accuracy"] = Map(TrustReport.Accuracies, trust.Curve.CoverageAt);
        json["risk_coverage"] = new JsonArray([.. trust.Curve.Points.Select(p => (JsonNode)new JsonArray(p.Coverage, p.Risk))]);
        json["own"] = Row(trust.Own);
        if (trust.Calibrated is { } calibrated) json["calibrated"] = Row(calibrated);
        if (trust.Sets is { } sets)
        {
            json["prediction_sets"] = Share(sets.Holding);
            json["prediction_sets"]!["mean_size"] = sets.MeanSize;
            json["prediction_sets"]!["sizes"] = new JsonArray([.. sets.Sizes.Select(count => (JsonNode)count)]);
        }
        if (trust.Abstention is { } abstention)
            json["abstention"] = new JsonObject
            {
                ["answered"] = Share(abstention.Answered),
                ["accuracy"] = Share(abstention.Right),
                ["low_probability"] = abstention.LowProbability,
                ["out_of_scope"] = abstention.OutOfScope,
            };
        if (trust.OutOfScope is { } outOfScope) json["out_of_scope"] = Of(outOfScope);
        return json;
    }

    static JsonObject Of(OutOfScopeReport report)
    {
        var json = new JsonObject
        {
            ["count"] = report.Separation.OutOfScope,
            ["in_scope"] = report.Separation.InScope,
            ["score"] = report.IsByProbability ? "probability" : "calibration",
            ["auroc"] = ReportJson.Number(report.Separation.AreaUnderCurve),
            ["fpr_at_95_tpr"] = ReportJson.Number(report.Separation.FalseShare),
        };
        if (report.Found is { } found) json["withheld"] = Share(found);
        if (report.Passing is { } passing) json["in_scope_let_through"] = Share(passing);
        return json;
    }

    static JsonObject Row(TrustedProbabilities values)
    {
        var json = new JsonObject();
        ReportJson.Add(json, TrustTables.ProbabilityColumns, values);
        return json;
    }

    static JsonObject Map(IEnumerable<double> keys, Func<double, double> valueOf) => new(keys.Select(key =>
        KeyValuePair.Create(FormattableString.Invariant($"{key}"), ReportJson.Number(valueOf(key)))));

    static JsonObject Share(Proportion share) => new()
    {
        ["share"] = ReportJson.Number(share.Value),
        ["count"] = share.Successes,
        ["wilson95"] = ReportJson.Interval(share.Wilson95),
    };
}
