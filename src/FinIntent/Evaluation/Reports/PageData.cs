using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace FinIntent.Evaluation.Reports;

/// <summary>The JSON that the page's script filters and compares.</summary>
/// <remarks>It may stand inside a script element: &lt;, &gt;, &amp; and quotes are \u escapes, so no text can end the element.</remarks>
static class PageData
{
    static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    /// <summary>Returns {questions: [[id, text]], classes: [label], models: [{name, rules, answers}]}.</summary>
    /// <remarks>An answer is [question, gold class, each rule's class, output, highest probability]. Where a rule reads none, −1 less
    /// the number of <see cref="UnreadReason"/> stands for the class.</remarks>
    public static string Of(Comparison report)
    {
        Dictionary<(string, string), int> questions = [];
        var labels = ClassLabels(report);
        var classes = labels.Values.Order(StringComparer.Ordinal).ToList();
        var models = new JsonArray([.. report.Models.Select(model => (JsonNode)new JsonObject
        {
            ["name"] = model.Name,
            ["rules"] = Texts(model.Rules.Select(r => r.Rule)),
            ["answers"] = new JsonArray([.. model.Predictions.Select((p, i) => (JsonNode)new JsonArray(
                NumberOf(questions, (p.Id, p.Question)),
                ClassOf(p, p.Gold),
                new JsonArray([.. model.Rules.Select(r => (JsonNode)ClassOf(p, r.Choices[i]))]),
                p.Output is null ? null : Shorten(p.Output),
                p.Probabilities is null ? null : Math.Round(p.Probabilities.Values.Max(), 4)))]),
        })]);
        return new JsonObject
        {
            ["questions"] = new JsonArray([.. questions.Keys.Select(q => (JsonNode)Texts([q.Item1, q.Item2]))]),
            ["classes"] = Texts(classes),
            ["models"] = models,
        }.ToJsonString(Compact);

        int ClassOf(Prediction p, string? label) =>
            label is null ? -1 - (int)AnswerOutcomes.WhyUnread(p)
            : classes.BinarySearch(labels[Comparison.IntentOf(p, label)], StringComparer.Ordinal);
    }

    /// <summary>Each intent as the page names it: with its label, if it has the same one everywhere.</summary>
    static Dictionary<string, string> ClassLabels(Comparison report) =>
        report.Models.SelectMany(m => m.Predictions)
            .SelectMany(p => p.OptionList, (p, option) =>
                (Intent: Comparison.IntentOf(p, option.Label), Label: Comparison.Label(p, option.Label)))
            .Distinct().GroupBy(c => c.Intent).ToDictionary(g => g.Key, g => g.Count() == 1 ? g.First().Label : g.Key);

    /// <summary>The beginning of a long answer; the rest is in the predictions.</summary>
    public static string Shorten(string output)
    {
        const int shown = 240;
        return output.Length <= shown ? output : $"{output[..(char.IsHighSurrogate(output[shown - 1]) ? shown - 1 : shown)]}…";
    }

    static int NumberOf<T>(Dictionary<T, int> numbers, T key) where T : notnull
    {
        numbers.TryAdd(key, numbers.Count);
        return numbers[key];
    }

    static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];
}
