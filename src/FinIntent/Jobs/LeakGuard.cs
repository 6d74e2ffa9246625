using FinIntent.Data.Leaks;
using FinIntent.Data.Sources;
using FinIntent.Lora;
using FinIntent.Text;

namespace FinIntent.Jobs;

/// <summary>Compares questions with the rows that a local model was trained on, as far as its folders' run.json files name them.</summary>
/// <remarks>What cannot be compared, and leaks that are allowed, are told.</remarks>
static class LeakGuard
{
    /// <summary>Returns how many of the questions the model was trained on, where that is allowed; 0 for a model behind an API.</summary>
    /// <exception cref="UserErrorException">The model was trained on some of the questions, and that is not allowed.</exception>
    public static int Check(Prepared prepared, Exam exam, Surroundings here)
    {
        if (prepared.ModelFolder is not { } model) return 0;
        var (tell, adapters) = ((Action<string>)here.Tell, prepared.Adapters);
        foreach (var adapter in adapters.Where(adapter => Origin.RunFiles(adapter).Count == 0))
            tell($"leak check: {adapter} has no run.json that says what it was trained on, so nothing was compared");
        var runs = adapters.Append(model).SelectMany(Origin.RunFiles).Distinct().Select(RunRows.Read).ToList();
        if (runs.Count == 0) return 0;

        var wording = prepared.LoadSchema()?.Wording;
        var questions = exam.IsFileOfQuestions
            ? LeakCheck.QuestionsOf(exam.File, wording)
            : [.. exam.Questions.Select(q => new PlacedQuestion($"{exam.File}: {q.Id}", q.Question))];
        var (check, report) = (new LeakCheck(questions, wording), new LeakReport());
        foreach (var run in runs)
        {
            if (run.Compare(check, report, () => Tokenizer.IsIn(model) ? Tokenizer.Load(model) : null, Fetch) is { } problem)
                tell($"leak check: {run.RunFile}: {problem}, so its rows were not compared");
        }
        report.Settle(prepared.Settings.Dataset.AllowLeak, tell);
        return report.QuestionCount;

        HubFiles Fetch(RunRows run) => here.Fetch(hub => HubDatasets.Fetch(run, hub));
    }
}
