using FinIntent.Data.Leaks;
using FinIntent.Intents;

namespace FinIntent.Authoring;

/// <summary>The questions of evaluation files: no row may repeat one, and none may come into a prompt.</summary>
sealed class EvaluationQuestions
{
    // A shorter question, such as a fund's name, may occur in a description by itself.
    const int ShortestInText = 6;

    readonly IReadOnlyList<PlacedQuestion> _questions;

    /// <param name="wording">The schema's words, which the files may have around their questions.</param>
    public EvaluationQuestions(IEnumerable<string> files, PromptWording wording)
    {
        _questions = [.. files.SelectMany(file => LeakCheck.QuestionsOf(file, wording))];
        Check = _questions.Count == 0 ? null : new(_questions, wording);
    }

    /// <summary>The check for these questions; null when there are none.</summary>
    public LeakCheck? Check { get; }

    /// <summary>Refuses an evaluation question in what the user writes, which goes into prompts word for word.</summary>
    /// <exception cref="UserErrorException">An example, a description, a rule or a style holds one.</exception>
    public void RefuseIn(IntentSchema schema, IReadOnlyList<string> styles)
    {
        if (Check is null) return;
        var texts = schema.Intents.SelectMany(TextsOf).Concat(styles.Select(style => ("styles", style)));
        foreach (var (place, text) in texts)
        {
            if (Found(text) is not { } question) continue;
            throw new UserErrorException($"{place}: \"{text}\" holds the evaluation question \"{question.Text}\" ({question.Place}), " +
                "which would tell the writing model what it is judged on; write another text");
        }
        static IEnumerable<(string, string)> TextsOf(Intent intent) =>
            intent.Examples.Concat(intent.Borderline).Append(intent.Description).Select(text => ($"intent_schema: {intent.Name}", text));
    }

    PlacedQuestion? Found(string text)
    {
        if (Check!.Find("", [text]) is [var leak, ..]) return leak.Question;
        var plain = QuestionIndex.Plain(text);
        foreach (var question in _questions)
        {
            var part = QuestionIndex.Plain(question.Text);
            if (part.Length >= ShortestInText && plain.Contains(part, StringComparison.Ordinal)) return question;
        }
        return null;
    }
}
