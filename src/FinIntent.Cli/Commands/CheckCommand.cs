using FinIntent.Files;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class CheckCommand
{
    public static Command Build()
    {
        var command = new Command("check",
            "Look for everything that would stop a run or spoil it, before anything heavy; ends with 1 if there are errors.");
        var given = new SettingsArguments(command, "A settings file of train, export, eval or inference (docs/check.md).");
        var json = Options.Of<string?>("--json", "Also write the findings to this file.");
        command.Add(json);
        command.SetAction(arguments =>
        {
            var here = Host.Of(arguments);
            var report = CheckJob.Run(given.File(arguments), given.Overrides(arguments), here);
            here.Output.Write(report.ToText());
            if (arguments.GetValue(json) is { } target) JsonFile.Write(target, report.ToJson());
            return report.Errors > 0 ? 1 : 0;
        });
        return command;
    }
}
