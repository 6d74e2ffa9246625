using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>Answers that were written to a file.</summary>
/// <param name="Count">How many there are.</param>
/// <param name="Before">How many of them an earlier run wrote.</param>
/// <param name="Notes">What is to be said of those that are empty, refused or cut short.</param>
sealed record Answered(string File, int Count, int Before, IReadOnlyList<string> Notes);

/// <summary>`finintent inference` on a file: answers each of its questions in words.</summary>
static class AnswerJob
{
    /// <param name="questions">The file of the questions.</param>
    /// <param name="onAnswer">It is called after each answer, with the answer, how many there are, and how many there will be.</param>
    /// <param name="stop">It ends the run between two forwards; the answers so far are kept.</param>
    public static Answered Run(SettingsFile settings, string questions, Surroundings here, Action<Prediction, int, int> onAnswer,
        CancellationToken stop = default)
    {
        var asked = Load(settings, questions);
        var file = FileOf(settings, questions);
        using var held = PlaceOf(settings, questions).Lock("inference");
        here = here with { Stop = stop };
        var (prepared, how) = (Prepared.Of(settings, Need.Model, here), Respondents.ForAnswers(settings));
        var run = Respondents.RunOf(prepared, how, file, questions);
        run.Identity["intent_prompt"] = settings.Inference.IntentPrompt;
        using var respondent = Respondents.Open(prepared, how, here);
        var fresh = 0;
        var all = respondent.Answer(asked, run, (answers, done) =>
        {
            fresh += answers.Count;
            foreach (var answer in answers) onAnswer(answer, done, asked.Count);
        }, stop: stop);
        return new(run.File, asked.Count, asked.Count - fresh,
            [.. OutcomeWords.Of(AnswerOutcomes.Of(all)).Select(sentence => sentence.In(here.Languages.Text))]);
    }

    /// <summary>Reads the questions as they are asked.</summary>
    public static IReadOnlyList<AskedQuestion> Load(SettingsFile settings, string questions) =>
        QuestionFile.LoadAsked(questions, SchemaOf(settings));

    /// <summary>Returns the intents whose instruction asks the questions (intent_prompt); null: they are asked as they are.</summary>
    public static IntentSchema? SchemaOf(SettingsFile settings) =>
        settings.Inference.IntentPrompt ? new Prepared(settings).LoadSchema() ?? IntentSchema.OpenFinData : null;

    /// <summary>Returns the place of the file that answers are written to.</summary>
    public static OutputPlace PlaceOf(SettingsFile settings, string questions) => OutputPlace.File(FileOf(settings, questions),
        settings.Inference.Answers is null && settings.Given.ContainsKey("output_dir") ? "output_dir" : "answers");

    static string FileOf(SettingsFile settings, string questions) => settings.Inference.Answers ?? (settings.Given.ContainsKey("output_dir")
        ? Path.Combine(settings.Output.OutputDir, "answers.jsonl") : Path.ChangeExtension(questions, ".answers.jsonl"));
}
