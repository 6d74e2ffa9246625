using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using FinIntent.Files;
using FinIntent.Preflight;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class CheckCommand
{
    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Build()
    {
        var file = new Argument<string>("file") { Description = "A settings file of train, export, eval or inference (docs/check.md)." };
        var overrides = new Argument<string[]>("key=value") { Description = "Settings that replace the file's.", Arity = ArgumentArity.ZeroOrMore };
        var json = new Option<string?>("--json") { Description = "Also write the findings to this file." };
        var command = new Command("check", "Look for everything that would stop a run or spoil it, before anything heavy; ends with 1 if there are errors.") { file, overrides, json };
        command.SetAction(arguments =>
        {
            var report = new CheckReport();
            var (settings, problems) = SettingsFile.Inspect(arguments.GetRequiredValue(file), arguments.GetValue(overrides) ?? []);
            SettingsCheck.Report(settings, problems, report);
            if (report.Errors == 0 && settings.Api.Api is null) settings = SettingsToFolders.Checked(settings, report, arguments.InvocationConfiguration.Error);
            Check(settings, report);
            CheckText.Write(arguments.InvocationConfiguration.Output, report);
            if (arguments.GetValue(json) is { } target) AtomicFile.WriteText(target, report.ToJson().ToJsonString(Indented) + "\n");
            return report.Errors > 0 ? 1 : 0;
        });
        return command;
    }

    static void Check(SettingsFile settings, CheckReport report)
    {
        var surroundings = CheckSurroundings.Here();
        if (!SettingsCheck.IsTraining(settings))
        {
            new UseCheck(settings, report, surroundings).Run();
            return;
        }
        using var check = TrainingCheck.Run(settings, report, surroundings, isAlone: true);
    }
}
