using FinIntent.Data.Leaks;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>Questions of evaluation files: no row may repeat one, and none may come into a prompt.</summary>
sealed class EvaluationQuestions
{
    // A shorter one, such as a fund's name, may occur in a description by itself.
    const int ShortestInText = 6;

    readonly IReadOnlyList<PlacedQuestion> _questions;

    /// <param name="wording">The schema's words, which the files may have around their questions.</param>
    public EvaluationQuestions(IEnumerable<string> files, PromptWording wording)
    {
        _questions = [.. files.SelectMany(file => LeakCheck.QuestionsOf(file, wording))];
        Check = _questions.Count == 0 ? null : new(_questions, wording);
    }

    /// <summary>Null when there are none.</summary>
    public LeakCheck? Check { get; }

    /// <summary>What the user writes goes into prompts word for word, so it must not hold a question either.</summary>
    /// <exception cref="UserErrorException">An example, a description, a rule or a style does.</exception>
    public void RefuseIn(IntentSchema schema, IReadOnlyList<string> styles)
    {
        if (Check is null) return;
        var texts = schema.Intents.SelectMany(i => i.Examples.Concat(i.Borderline).Append(i.Description).Select(text => ($"intent_schema: {i.Name}", text)))
            .Concat(styles.Select(style => ("styles", style)));
        foreach (var (place, text) in texts)
        {
            if (Found(text) is { } question)
                throw new UserErrorException($"{place}: \"{text}\" holds the evaluation question \"{question.Text}\" ({question.Place}), which would tell the writing model what it is judged on; write another text");
        }
    }

    PlacedQuestion? Found(string text)
    {
        if (Check!.Find("", [text]) is [var leak, ..]) return leak.Question;
        var plain = QuestionIndex.Plain(text);
        foreach (var question in _questions)
            if (QuestionIndex.Plain(question.Text) is { Length: >= ShortestInText } part && plain.Contains(part, StringComparison.Ordinal)) return question;
        return null;
    }
}
