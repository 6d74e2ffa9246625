using System.CommandLine;
using System.Globalization;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class ExportCommand
{
    public static Command Build() => SettingsCommand.Build(
        "export", "Merge adapters into their base model and write the result as a model folder.", (settings, here) =>
        {
            var report = ExportJob.Run(settings, here);
            here.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"largest difference of logits, merged model against adapters on the base: {report.LargestDifference:g3} ") +
                string.Create(CultureInfo.InvariantCulture, $"(allowed {report.Allowed:g3}; the adapters change them by up to {report.AdapterEffect:g3})"));
            here.Output.WriteLine($"-> {settings.Export.ExportDir}");
        });
}
