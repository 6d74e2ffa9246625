using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>Questions that are asked once with each of several orders of their options: the same orders for every question.</summary>
sealed record PermutedQuestions
{
    internal PermutedQuestions(IReadOnlyList<EvaluationQuestion> questions, IReadOnlyList<OptionOrder> orders)
    {
        (Questions, Orders) = (questions, orders);
        All = [.. questions.SelectMany(question => orders.Select(order => order.Of(question)))];
    }

    /// <summary>The questions as they are in their file.</summary>
    public IReadOnlyList<EvaluationQuestion> Questions { get; }

    /// <summary>The orders, the questions' own one first.</summary>
    public IReadOnlyList<OptionOrder> Orders { get; }

    /// <summary>What is asked: a question's orders follow each other, so that what they begin with is read only once.</summary>
    public IReadOnlyList<EvaluationQuestion> All { get; }

    /// <summary>The orders' names; they mean the same for every question whose labels are the same.</summary>
    public IReadOnlyList<string> OrderNames => [.. Orders.Select(order => order.NameFor(Questions[0].Options))];

    /// <param name="permutations">rotations, all, or a number of orders.</param>
    /// <exception cref="UserErrorException">The questions do not have equally many options, or these not as many orders.</exception>
    public static PermutedQuestions Of(IReadOnlyList<EvaluationQuestion> questions, string permutations, int seed)
    {
        var first = questions[0];
        if (questions.FirstOrDefault(q => q.Options.Count != first.Options.Count) is { } other)
            throw new UserErrorException($"permutations: question {first.Id} has {first.Options.Count} options and " +
                $"question {other.Id} has {other.Options.Count}, so they have no orders in common; put them into two files");
        return new(questions, OptionOrders.Of(permutations, first.Options.Count, seed));
    }

    /// <summary>The answers to the questions in their own order, which need not be asked again, under the ids used here.</summary>
    public IReadOnlyDictionary<string, Prediction> Known(IReadOnlyList<Prediction> predictions) =>
        Questions.Zip(predictions, (question, prediction) => prediction.Uncalibrated with { Id = Orders[0].IdOf(question) })
            .ToDictionary(p => p.Id);
}
