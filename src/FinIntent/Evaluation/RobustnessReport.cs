using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>How a model answers the same questions with their options in other orders, by every rule that can read it.</summary>
/// <param name="Orders">The orders' names, the questions' own one first.</param>
sealed record RobustnessReport(IReadOnlyList<string> Orders, int Questions, IReadOnlyList<RuleRobustness> Rules)
{
    public RuleRobustness? this[string rule] => Rules.FirstOrDefault(r => r.Rule == rule);

    /// <summary>What a rule finds, or the last rule where the answers cannot be read by it.</summary>
    public RuleRobustness Main(string rule) => this[rule] ?? Rules[^1];

    /// <param name="predictions">One for each of the questions in each order, in the order of <paramref name="asked"/>.All.</param>
    public static RobustnessReport Of(PermutedQuestions asked, IReadOnlyList<Prediction> predictions)
    {
        var report = ModelReport.Of(predictions[0].Model, predictions);
        return new(asked.OrderNames, asked.Questions.Count, [.. report.Rules.Select(rule =>
        {
            var robustness = RuleRobustness.Of(rule.Rule, asked, rule.Choices);
            return rule.Probabilities is not { } single ? robustness
                : robustness with { Averaged = AveragedProbabilities.Of(asked, predictions, single) };
        })]);
    }
}

/// <summary>What the order of the options does to the answers as one rule reads them.</summary>
/// <param name="ByOrder">The accuracy of each order.</param>
/// <param name="Mean">Accuracy over all questions and orders.</param>
/// <param name="Unchanged">Questions whose chosen intent is the same, and readable, in every order.</param>
/// <param name="UnchangedRight">How many of these are right.</param>
/// <param name="Places">Each letter, or place where labels are names.</param>
/// <param name="Majority">Questions that are right when the orders vote; the question's own first option among equals.</param>
/// <param name="Changing">The other questions, those that are least often right first.</param>
sealed record RuleRobustness(string Rule, IReadOnlyList<Proportion> ByOrder, QuestionShare Mean,
    Proportion Unchanged, int UnchangedRight, IReadOnlyList<PlaceBias> Places, Proportion Majority,
    IReadOnlyList<ChangingQuestion> Changing)
{
    /// <summary>What averaged probabilities give; null without probabilities.</summary>
    public AveragedProbabilities? Averaged { get; init; }

    public double TotalVariation => PlaceBias.TotalVariation(Places);

    /// <summary>The first of the orders that have the lowest accuracy.</summary>
    public int Worst => ByOrder.Index().MinBy(o => o.Item.Successes).Index;

    public int Best => ByOrder.Index().MaxBy(o => o.Item.Successes).Index;

    internal static RuleRobustness Of(string rule, PermutedQuestions asked, IReadOnlyList<string?> choices)
    {
        var answers = new OrderAnswers(asked, choices);
        var questions = Enumerable.Range(0, answers.Questions).ToList();
        var unchanged = questions.Where(answers.IsUnchanged).ToList();
        var options = asked.Questions[0].Options;
        var labels = options.Select((option, place) => IntentOptions.AreLetters(options) ? option.Label : $"{place + 1}");
        Proportion RightIn(int order) => new(questions.Count(q => answers.IsRight(q, order)), questions.Count);
        return new(rule,
            [.. Enumerable.Range(0, answers.Orders).Select(RightIn)],
            QuestionShare.Of([.. questions.Select(answers.Right)], answers.Orders),
            new(unchanged.Count, questions.Count),
            unchanged.Count(q => answers.IsRight(q, 0)),
            [.. labels.Select((label, place) => PlaceBias.Of(answers, place, label))],
            new(questions.Count(q => answers.Majority(q) == answers.Gold(q)), questions.Count),
            [.. questions.Except(unchanged).OrderBy(answers.Right).Select(q => ChangingQuestion.Of(answers, q, asked.Questions[q]))]);
    }
}

/// <summary>A question whose chosen intent depends on the order.</summary>
/// <param name="Votes">Each intent that is chosen and in how many orders, the most frequent first; the rest could not be read.</param>
sealed record ChangingQuestion(
    string Id, string Question, string Gold, Proportion Right, IReadOnlyList<(string Intent, int Orders)> Votes)
{
    internal static ChangingQuestion Of(OrderAnswers answers, int number, EvaluationQuestion question)
    {
        var votes = answers.Votes(number).Zip(question.Options, (orders, option) => (option.Name, Orders: orders));
        return new(question.Id, question.Question, question.Options[answers.Gold(number)].Name, new(answers.Right(number), answers.Orders),
            [.. votes.Where(v => v.Orders > 0).OrderByDescending(v => v.Orders)]);
    }
}

/// <summary>The mean of each intent's probability over the orders: a use of the model in which the order does not matter.</summary>
/// <param name="Accuracy">The accuracy of the most probable intent, the question's own first one among equals.</param>
/// <param name="Scores">How good the means are.</param>
/// <param name="Single">How good the probabilities are that were averaged, each counted by itself.</param>
sealed record AveragedProbabilities(Proportion Accuracy, ProbabilityScores Scores, ProbabilityScores Single)
{
    internal static AveragedProbabilities Of(PermutedQuestions asked, IReadOnlyList<Prediction> predictions, ProbabilityScores single)
    {
        var orders = asked.Orders.Count;
        List<(int Gold, IReadOnlyList<double> Probabilities)> items = [];
        foreach (var (q, question) in asked.Questions.Index())
        {
            var means = new double[question.Options.Count];
            for (var order = 0; order < orders; order++)
                foreach (var (place, option) in asked.All[q * orders + order].Options.Index())
                    means[asked.Orders[order].Places[place]] += predictions[q * orders + order].Probabilities![option.Label] / orders;
            items.Add((question.Options.Index().First(o => o.Item.Label == question.Gold).Index, means));
        }
        var right = items.Count(i => ProbabilityScores.Best(i.Probabilities) == i.Gold);
        return new(new(right, items.Count), ProbabilityScores.Of(items), single);
    }
}
