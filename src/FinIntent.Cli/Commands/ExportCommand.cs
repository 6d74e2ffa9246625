using System.CommandLine;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class ExportCommand
{
    public static Command Build() => SettingsCommand.Build(
        "export", "Merge adapters into their base model and write the result as a model folder.", (settings, here) =>
        {
            ExportJob.Run(settings, here);
            here.Output.WriteLine($"-> {settings.Export.ExportDir}");
        });
}
