using System.CommandLine;
using System.Globalization;
using FinIntent.Jobs;
using FinIntent.Lora;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class ExportCommand
{
    const long Gigabyte = 1_000_000_000;

    public static Command Build() => SettingsCommand.Build("export", "Merge adapters into their base model and write the result as a model folder.", Run);

    static void Run(SettingsFile settings, Surroundings here)
    {
        var folder = settings.Export.ExportDir ?? throw new UserErrorException($"{settings.Path}: export_dir is missing; name the folder to write");
        var source = Prepared.Of(settings, Need.Model, here).Chat;
        if (settings.Model.QuantizationBit is { } bits)
            here.Output.WriteLine($"quantization_bit: {bits} changes nothing here: adapters are merged into the weights as {source.Model} stores them");
        var report = ModelExport.Run(new(source.Model, source.Adapters, folder, settings.Export.ExportSize * Gigabyte)
        {
            Template = source.TemplateName,
            Type = source.Type,
            Force = source.Force,
        });
        here.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"largest difference of logits, merged model against adapters on the base: {report.LargestDifference:g3} (allowed {report.Allowed:g3}; the adapters change them by up to {report.AdapterEffect:g3})"));
        here.Output.WriteLine($"-> {folder}");
    }
}
