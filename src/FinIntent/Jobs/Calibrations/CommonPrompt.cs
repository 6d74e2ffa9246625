using FinIntent.Calibration;
using FinIntent.Data.Leaks;
using FinIntent.Evaluation;
using FinIntent.Intents;

namespace FinIntent.Jobs.Calibrations;

/// <summary>The words that all questions of a file are asked in, and so other questions can be.</summary>
sealed record CommonPrompt
{
    readonly string _text;

    CommonPrompt(string text, IntentPrompt prompt, string? system) => (_text, Prompt, System) = (text, prompt, system);

    /// <summary>The prompt of one of the questions.</summary>
    public IntentPrompt Prompt { get; }
    public string? System { get; }
    public IReadOnlyList<IntentOption> Options => Prompt.Options;

    /// <exception cref="UserErrorException">Two questions have other options or stand in other words.</exception>
    public static CommonPrompt Of(Exam exam)
    {
        // In its own prompt a long question stands once, where a short one may be a word of the instruction.
        var first = exam.Questions.MaxBy(q => q.Question.Length)!;
        var common = new CommonPrompt(CalibrationSubject.PromptOf(first.Prompt, null), first.Prompt, first.System);
        foreach (var question in exam.Questions)
        {
            var isSame = question.System == first.System && question.Options.SequenceEqual(first.Options)
                && common.Around(question.Question) == question.Prompt.Text;
            if (!isSame)
                throw new UserErrorException($"{exam.File}: the questions {first.Id} and {question.Id} are asked in other words " +
                    "or with other options, and a calibration is for one prompt; put them into two files, " +
                    "or give intent_schema and rows that name their intent");
        }
        return common;
    }

    /// <summary>Finds the option that a schema marks as "none of the others"; null where the questions have no such option.</summary>
    public int? NoneOption(IntentSchema? schema) => schema?.OutOfScopeOption is { } none
        ? Options.Index().Where(option => option.Item == schema.Options[none]).Select(option => (int?)option.Index).FirstOrDefault() : null;

    /// <summary>Reads questions that belong to none of the options, and asks them as the others are asked.</summary>
    /// <param name="files">Files of questions in any form; an answer in them is passed over.</param>
    public IReadOnlyList<AskedQuestion> Read(IEnumerable<string> files, PromptWording? wording)
    {
        List<AskedQuestion> questions = [];
        foreach (var question in files.SelectMany(file => LeakCheck.QuestionsOf(file, wording)))
        {
            var id = $"{Prediction.OutOfScopeMark}{questions.Count}";
            questions.Add(new(id, question.Text, new(System, [new("user", Around(question.Text))]))
            { Options = Options, IsOutOfScope = true });
        }
        return questions;
    }

    /// <summary>Says options in words.</summary>
    public static string Names(IEnumerable<IntentOption> options) => string.Join(", ", options.Select(o => $"{o.Label} {o.Name}"));

    string Around(string question) => _text.Replace(CalibrationSubject.QuestionMark, question, StringComparison.Ordinal);
}
