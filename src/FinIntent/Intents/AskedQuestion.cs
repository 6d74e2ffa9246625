using FinIntent.Text;

namespace FinIntent.Intents;

/// <summary>Is a question whose answer is wanted, perhaps with options and a known answer.</summary>
sealed record AskedQuestion(string Id, string Question, Conversation Conversation)
{
    public IReadOnlyList<IntentOption>? Options { get; init; }

    /// <summary>The label of the right answer, where it is known.</summary>
    public string? Gold { get; init; }

    /// <summary>Says that the question is known to belong to none of the options, or to the one that stands for "none of the
    /// others".</summary>
    public bool IsOutOfScope { get; init; }

    /// <summary>Asks a user's words, in a schema's instruction where a schema is given.</summary>
    /// <param name="history">What was said before, a question and its answer in turn; it is asked as it is, as in training rows.</param>
    public static AskedQuestion Of(string id, string question, IntentSchema? schema, IReadOnlyList<Message>? history = null)
    {
        if (schema is null) return new(id, question, new(null, [.. history ?? [], new("user", question)]));
        var prompt = schema.Prompt(question);
        return new(id, question, new(null, [.. history ?? [], new("user", prompt.Text)])) { Options = prompt.Options };
    }

    public static AskedQuestion Of(EvaluationQuestion question) =>
        new(question.Id, question.Question, new(question.System, [.. question.History, new("user", question.Prompt.Text)]))
        { Options = question.Options, Gold = question.Gold };
}
