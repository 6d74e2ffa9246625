using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class ExportCommand
{
    public static Command Build() => SettingsCommand.Build(
        "export", "Merge adapters into their base model and write the result as a model folder.", (settings, here) =>
            StopRequest.Watch(here.Error, "nothing of the export is left", stop =>
            {
                ExportJob.Run(settings, here, stop);
                here.Output.WriteLine($"-> {settings.Export.ExportDir}");
            }));
}
