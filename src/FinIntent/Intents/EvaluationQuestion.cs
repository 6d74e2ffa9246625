using FinIntent.Text;

namespace FinIntent.Intents;

/// <summary>Is a question with a known answer, one of its options' labels. Prompt is what the model is asked, word for word.</summary>
sealed record EvaluationQuestion(
    string Id, string Question, IReadOnlyList<IntentOption> Options, string Gold, IntentPrompt Prompt, string? System = null)
{
    /// <summary>What was said before, a question and its answer in turn.</summary>
    public IReadOnlyList<Message> History { get; init; } = [];

    /// <summary>Makes a question of a schema from a user's words.</summary>
    /// <param name="intent">An intent's label or name.</param>
    /// <param name="key">The name of the column or key that gives the intent.</param>
    /// <exception cref="UserErrorException">The question is empty, or the schema has no such intent.</exception>
    public static EvaluationQuestion Of(string id, string question, string intent, IntentSchema schema, string key, string place)
    {
        if (question.Length == 0) throw new UserErrorException($"{place}: the question is empty; write one, or remove the row");
        var gold = schema.LabelFor(intent) ?? throw new UserErrorException(
            $"{place}: \"{key}\" is \"{intent}\", which is no intent of {schema.Name}{schema.Hint(intent)}");
        return new(id, question, schema.Options, gold, schema.Prompt(question));
    }
}
