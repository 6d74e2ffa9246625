using FinIntent.Files;

namespace FinIntent.Evaluation.Reports;

/// <summary>A report for programs. NaN, which JSON lacks, becomes null.</summary>
static class ReportJson
{
    public static JsonObject Of(Comparison report)
    {
        var json = Plain(report);
        if (report.Groups.Count > 0) json["groups"] = Array(report.Groups.Select(group => GroupOf(report, group)));
        return FormatVersion.Report.Stamp(json);
    }

    static JsonObject GroupOf(Comparison report, ModelGroup group)
    {
        var rule = report.RuleOf(group);
        var json = new JsonObject
        {
            ["name"] = group.Name,
            ["rule"] = rule,
            ["base"] = group.Base is { } i ? report.Models[i].Name : null,
            ["runs"] = new JsonArray([.. group.Runs.Select(run => (JsonNode)report.Models[run].Name)]),
        };
        if (group.Failure is { } failure) json["failure"] = failure;
        if (RunSpread.Of([.. group.Runs.Select(run => report.Models[run])], rule) is not { } spread) return json;
        json["mean_accuracy"] = Number(spread.Mean);
        json["standard_deviation"] = Number(spread.Deviation);
        json["lowest"] = Number(spread.Lowest);
        json["highest"] = Number(spread.Highest);
        json["not_always_answered_alike"] = spread.Unsteady.Successes;
        return json;
    }

    static JsonObject Plain(Comparison report) => new()
    {
        ["models"] = Array(report.Models.Select(ModelOf)),
        ["pairs"] = Array(report.Pairs.Select(pair => PairOf(report, pair))),
        ["differences"] = Array(report.Overlaps.Where(o => !o.IsComplete).Select(o => DifferenceOf(report, o))),
        ["wrong_by_all"] = new JsonObject(report.Rules.Select(rule =>
            KeyValuePair.Create(rule, (JsonNode?)Array(report.Unsolved.Where(q => q.Rule == rule)
                .Select(q => Row(ReportTables.UnsolvedColumns, q)))))),
    };

    public static void Write(string path, JsonObject report) => JsonFile.Write(path, report);

    public static JsonObject ModelOf(ModelReport model)
    {
        var json = new JsonObject { ["name"] = model.Name, ["count"] = model.Predictions.Count };
        json["classes"] = new JsonObject(model.Classes.Select(c => KeyValuePair.Create(c.Label, (JsonNode?)c.Intent)));
        foreach (var rule in model.Rules) json[rule.Rule] = RuleOf(model, rule);
        if (model.Disagreements is { } disagreements) json["text_and_scores_differ"] = disagreements.Successes;
        var (commonest, share) = model.Commonest;
        json["commonest_class"] = new JsonObject { ["class"] = commonest, ["share"] = Number(share.Value) };
        if (model.SecondsPerQuestion is { } seconds) json["mean_seconds"] = seconds;
        if (model.Outcomes is { } outcomes) json["answers"] = outcomes.ToJson();
        if (model.Api is { } api) json["api"] = api.ToJson();
        if (model.LeakedQuestions > 0) json["leaked_questions"] = model.LeakedQuestions;
        if (model.Trust is { } trust) json["trust"] = TrustJson.Of(trust);
        if (model.Robustness is { } robustness) json["robustness"] = RobustnessJson.Of(robustness);
        return json;
    }

    static JsonObject RuleOf(ModelReport model, RuleReport rule)
    {
        var matrix = rule.Matrix;
        var json = Row(ReportTables.Measures, new(model, rule));
        json["per_class"] = new JsonObject(matrix.PerClass.Select(c => KeyValuePair.Create(c.Class, (JsonNode?)new JsonObject
        {
            ["count"] = c.Count,
            ["predicted"] = c.Predicted,
            ["correct"] = c.Correct,
            ["precision"] = c.Precision,
            ["recall"] = c.Recall,
            ["f1"] = c.F1,
        })));
        // Rows are gold, columns the answer; the last column counts answers that could not be read.
        json["confusion"] = Array(Enumerable.Range(0, matrix.Classes.Count).Select(gold =>
            new JsonArray([.. Enumerable.Range(0, matrix.Classes.Count + 1).Select(answer => (JsonNode)matrix[gold, answer])])));
        if (rule.Probabilities is not { } scores) return json;
        Add(json, ModelTables.Scores, scores);
        json["reliability"] = Array(scores.Bins.Select(b => new JsonObject
        {
            ["low"] = b.Low,
            ["high"] = b.High,
            ["count"] = b.Correct.Trials,
            ["correct"] = b.Correct.Successes,
            ["confidence"] = Number(b.Confidence),
        }));
        return json;
    }

    static JsonObject PairOf(Comparison report, PairReport pair)
    {
        var json = Row(ReportTables.PairColumns(report), pair);
        (json["both_right"], json["both_wrong"]) = (pair.BothRight, pair.BothWrong);
        return json;
    }

    static JsonObject DifferenceOf(Comparison report, Overlap overlap)
    {
        var (a, b) = (report.Models[overlap.A], report.Models[overlap.B]);
        return new()
        {
            ["a"] = a.Name,
            ["b"] = b.Name,
            ["common"] = overlap.Common.Count,
            ["only_a"] = Array(overlap.OnlyA.Select(i => QuestionOf(a.Predictions[i]))),
            ["only_b"] = Array(overlap.OnlyB.Select(i => QuestionOf(b.Predictions[i]))),
            ["other_gold"] = Array(overlap.OtherGold.Select(i => QuestionOf(a.Predictions[i.A]))),
        };
    }

    static JsonObject QuestionOf(Prediction p) => new() { ["id"] = p.Id, ["question"] = p.Question };

    static JsonObject Row<T>(IReadOnlyList<Column<T>> columns, T subject)
    {
        var json = new JsonObject();
        Add(json, columns, subject);
        return json;
    }

    /// <summary>Adds a row of a table: the columns that have a key.</summary>
    internal static void Add<T>(JsonObject json, IReadOnlyList<Column<T>> columns, T subject)
    {
        foreach (var column in columns)
            if (column.Json is var (key, valueOf)) json[key] = valueOf(subject);
    }

    static JsonArray Array(IEnumerable<JsonNode> items) => [.. items];

    internal static JsonNode? Number(double value) => double.IsNaN(value) ? null : JsonValue.Create(value);

    internal static JsonArray Interval((double Low, double High) interval) => [Number(interval.Low), Number(interval.High)];
}
