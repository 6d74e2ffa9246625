using FinIntent.Evaluation;
using FinIntent.Intents;

namespace FinIntent.Tests.Evaluation;

/// <summary>Questions with lettered options and answers to them in several orders, as a rule gives them.</summary>
static class PermutedAnswers
{
    public static readonly string[] Intents = ["行业", "个股", "大盘", "客服", "基金"];

    /// <summary>A question a gold option, counted from 0.</summary>
    public static IReadOnlyList<EvaluationQuestion> Questions(IEnumerable<int> gold, int options = 5, bool named = false) =>
        [.. gold.Select((g, i) =>
    {
        var list = named ? IntentOptions.Named(Intents[..options]) : IntentOptions.Lettered(Intents[..options]);
        return new EvaluationQuestion($"{i}", $"问句{i}", list, list[g].Label, IntentPrompt.For($"问句{i}", list));
    })];

    /// <summary>
    /// <paramref name="answer"/> takes the number of the question, that of the order, and what is asked; it gives a label, or null for a
    /// text that no
    /// rule reads.
    /// </summary>
    public static RobustnessReport Report(PermutedQuestions asked, Func<int, int, EvaluationQuestion, string?> answer) =>
        RobustnessReport.Of(asked, Predictions(asked, answer));

    public static IReadOnlyList<Prediction> Predictions(PermutedQuestions asked, Func<int, int, EvaluationQuestion, string?> answer) =>
        [.. asked.All.Select((q, i) => new Prediction
    {
        Id = q.Id,
        Question = q.Question,
        Gold = q.Gold,
        Output = answer(i / asked.Orders.Count, i % asked.Orders.Count, q) ?? "不知道",
        Options = q.Options.ToDictionary(o => o.Label, o => o.Name),
        Model = "m",
    })];

    /// <summary>With these probabilities of the question's own options, whatever the order.</summary>
    public static IReadOnlyList<Prediction> Scored(PermutedQuestions asked, Func<int, int, double[]> own) =>
        [.. Predictions(asked, (_, _, _) => "A").Select((p, i) => p with
    {
        Output = null,
        Probabilities = asked.All[i].Options.Select((o, place) =>
            (o.Label, P: own(i / asked.Orders.Count, i % asked.Orders.Count)[asked.Orders[i % asked.Orders.Count].Places[place]]))
            .ToDictionary(),
    })];
}
