using FinIntent.Data.Leaks;
using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Cli;

/// <summary>Holds questions against the rows that a local model was trained on, as far as the run.json files of its folders tell which these are.</summary>
static class TrainedOn
{
    /// <param name="tell">Told what could not be compared, and of leaks that are allowed.</param>
    /// <returns>How many of the questions were trained on, where that is allowed.</returns>
    /// <exception cref="UserErrorException">Some were, and it is not.</exception>
    public static int Check(SettingsFile settings, string questions, Action<string> tell)
    {
        var source = SettingsToModel.Source(settings);
        foreach (var adapter in source.Adapters.Where(adapter => Origin.RunFiles(adapter).Count == 0))
            tell($"leak check: {adapter} has no run.json that says what it was trained on, so nothing was compared");
        var runs = source.Adapters.Append(source.Model).SelectMany(Origin.RunFiles).Distinct().Select(RunRows.Read).ToList();
        if (runs.Count == 0) return 0;

        var wording = SettingsToModel.Schema(settings)?.Wording;
        var (check, report) = (new LeakCheck(LeakCheck.QuestionsOf(questions, wording), wording), new LeakReport());
        foreach (var run in runs)
        {
            if (run.Compare(check, report, () => Tokenizer.IsIn(source.Model) ? Tokenizer.Load(source.Model) : null, run => SettingsToFolders.Rows(run, tell)) is { } problem)
                tell($"leak check: {run.RunFile}: {problem}, so its rows were not compared");
        }
        report.Settle(settings.Dataset.AllowLeak, tell);
        return report.QuestionCount;
    }
}
