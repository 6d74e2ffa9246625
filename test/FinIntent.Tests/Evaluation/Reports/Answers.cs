using FinIntent.Evaluation;

namespace FinIntent.Tests.Evaluation.Reports;

/// <summary>
/// Predictions written as letters: question i has gold[i] and is answered with answers[i]; "?" is an answer that no rule reads.
/// </summary>
static class Answers
{
    public static readonly IReadOnlyDictionary<string, string> Options = new Dictionary<string,
        string>
    { ["A"] = "行业", ["B"] = "个股", ["C"] = "大盘" };

    public static PredictionSet Set(string name, string gold, string answers) =>
        new(name, $"{name}.jsonl", [.. gold.Zip(answers, (g, a) => (g, a)).Select((q, i) => new Prediction
    {
        Id = $"{i}",
        Question = $"问句{i}",
        Gold = $"{q.g}",
        Output = q.a == '?' ? "不知道" : $"{q.a}",
        Options = Options,
        Model = name,
    })]);

    /// <summary>With the answer's probability, which must be above a half; the others share the rest.</summary>
    public static PredictionSet Scored(PredictionSet set, double confidence = 0.8) => Changed(set, p => p with
    {
        Output = null,
        Probabilities = Options.Keys.ToDictionary(o => o, o => o == p.Output ? confidence : (1 - confidence) / 2),
    });

    public static PredictionSet Changed(PredictionSet set, Func<Prediction, Prediction> change) =>
        set with { Predictions = [.. set.Predictions.Select(change)] };

    /// <summary>With two permuted questions, of which the one with this text is wrong in one order of three.</summary>
    public static ModelReport WithRobustness(ModelReport model, string text)
    {
        var questions = PermutedAnswers.Questions([0, 1], options: 3);
        var asked = PermutedQuestions.Of([questions[0], questions[1] with { Question = text }], "rotations", 1);
        return model with
        {
            Robustness = PermutedAnswers.Report(asked, (q, order, question) =>
            (q, order) == (1, 2) ? question.Options.First(o => o.Label != question.Gold).Label : question.Gold)
        };
    }
}
