using FinIntent.Settings;

namespace FinIntent.Preflight;

/// <summary>The keys, and then all that they name.</summary>
static class SettingsCheck
{
    public static void Report(SettingsFile settings, IReadOnlyList<string> problems, CheckReport report)
    {
        foreach (var problem in problems) report.Fail("settings", problem);
        var harmless = settings.Harmless.Count > 0 ? $", without effect here: {string.Join(", ", settings.Harmless)}" : "";
        if (problems.Count == 0) report.Ok("settings", $"{settings.Given.Count} keys{harmless}");
    }

    /// <summary>Whether the settings are of a run of `finintent train`.</summary>
    public static bool IsTraining(SettingsFile settings) =>
        settings.Dataset.Dataset.Count > 0 || settings.Dataset.TokenizedPath is not null
        || (settings.Export.ExportDir is null && settings.Inference is { EvalFile: null, Question: null, Questions: null } && settings.Given.ContainsKey("stage"));
}
