namespace FinIntent.Evaluation.Reports;

/// <summary>What the order of the options does, for programs.</summary>
static class RobustnessJson
{
    public static JsonObject Of(RobustnessReport report)
    {
        var json = new JsonObject { ["questions"] = report.Questions, ["orders"] = report.Orders.Count };
        foreach (var rule in report.Rules) json[rule.Rule] = Of(report, rule);
        return json;
    }

    static JsonObject Of(RobustnessReport report, RuleRobustness rule)
    {
        var json = new JsonObject
        {
            ["mean"] = rule.Mean.Value,
            ["interval95"] = ReportJson.Interval(rule.Mean.Interval95),
            ["effective_questions"] = rule.Mean.EffectiveQuestions,
            ["worst"] = Order(report, rule, rule.Worst),
            ["best"] = Order(report, rule, rule.Best),
            ["unchanged"] = Share(rule.Unchanged),
            ["unchanged_right"] = rule.UnchangedRight,
            ["majority"] = Share(rule.Majority),
            ["total_variation"] = ReportJson.Number(rule.TotalVariation),
            ["places"] = new JsonObject(rule.Places.Select(p => KeyValuePair.Create(p.Label, (JsonNode?)new JsonObject
            {
                ["chosen"] = ReportJson.Number(p.Chosen.Value),
                ["gold"] = ReportJson.Number(p.Gold.Value),
                ["difference"] = ReportJson.Number(p.Difference),
                ["interval95"] = ReportJson.Interval(p.Interval95),
                ["accuracy_when_gold"] = ReportJson.Number(p.WhenGold.Value),
            }))),
        };
        if (rule.Averaged is { } averaged)
        {
            ReportJson.Add(json, ModelTables.Scores, averaged.Single);
            var means = Share(averaged.Accuracy);
            ReportJson.Add(means, ModelTables.Scores, averaged.Scores);
            json["averaged"] = means;
        }
        json["by_order"] = new JsonObject(report.Orders.Select((order, i) => KeyValuePair.Create(order, (JsonNode?)rule.ByOrder[i].Value)));
        json["changing"] = new JsonArray([.. rule.Changing.Select(q => (JsonNode)new JsonObject
        {
            ["id"] = q.Id,
            ["question"] = q.Question,
            ["gold"] = q.Gold,
            ["right"] = q.Right.Successes,
            ["chosen"] = new JsonObject(q.Votes.Select(v => KeyValuePair.Create(v.Intent, (JsonNode?)v.Orders))),
        })]);
        return json;
    }

    static JsonObject Order(RobustnessReport report, RuleRobustness rule, int order) =>
        new() { ["order"] = report.Orders[order], ["accuracy"] = rule.ByOrder[order].Value };

    static JsonObject Share(Proportion share) =>
        new() { ["share"] = share.Value, ["count"] = share.Successes, ["wilson95"] = ReportJson.Interval(share.Wilson95) };
}
