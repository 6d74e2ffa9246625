using FinIntent.Jobs.Checks;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>Is `finintent check`: it looks at everything that a run of a settings file would use, in the way of that run.</summary>
static class CheckJob
{
    public static CheckReport Run(string file, IEnumerable<string> overrides, Surroundings here)
    {
        var (settings, problems) = SettingsFile.Inspect(file, overrides);
        if (IsTraining(settings))
        {
            using var job = TrainJob.Check(settings, problems, here, isAlone: true);
            return job.Report;
        }
        var report = new CheckReport();
        ReportSettings(settings, problems, report);
        new UseCheck(Prepare(settings, report, here), report, here).Run();
        return report;
    }

    /// <summary>Tells what is wrong with the keys, or how many there are.</summary>
    public static void ReportSettings(SettingsFile settings, IReadOnlyList<string> problems, CheckReport report)
    {
        foreach (var problem in problems) report.Fail("settings", problem);
        var notes = string.Concat(settings.Notes.Select(note => $", {note}"));
        if (problems.Count == 0) report.Ok("settings", $"{settings.Given.Count} keys{notes}");
    }

    /// <summary>Finds what the settings name, without weights, and reports what is not there. With wrong keys nothing is fetched.</summary>
    public static Prepared Prepare(SettingsFile settings, CheckReport report, Surroundings here) =>
        Prepared.Of(settings, report.Errors == 0 ? Need.Shape : Need.Nothing, here, (part, e) =>
        {
            report.Fail(SubjectOf(part, e), e.Message);
            return true;
        });

    /// <summary>Names the thing that is wrong: the hub where that gave no file, else what names the file.</summary>
    static string SubjectOf(NamedPart part, UserErrorException e) => e.InnerException is UserErrorException ? "download" : part switch
    {
        NamedPart.Data => "dataset",
        NamedPart.Model => "model",
        _ => "adapter",
    };

    /// <summary>Says whether the settings are of a run of `finintent train`.</summary>
    static bool IsTraining(SettingsFile settings) =>
        settings.Dataset.Dataset.Count > 0 || settings.Dataset.TokenizedPath is not null
        || (settings.Given.ContainsKey("stage") && settings.Export.ExportDir is null
            && settings.Calibration.CalibrationFile is null && settings.Inference is { EvalFile: null, Question: null, Questions: null });
}
