using FinIntent.Lora;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>`finintent export`: merges adapters into their base model and writes the result as a model folder, which is compared with what was merged.</summary>
static class ExportJob
{
    const long Gigabyte = 1_000_000_000;

    public static ExportReport Run(SettingsFile settings, Surroundings here)
    {
        var folder = settings.Export.ExportDir ?? throw new UserErrorException($"{settings.Path}: export_dir is missing; name the folder to write");
        var source = Prepared.Of(settings, Need.Model, here).Chat;
        if (settings.Model.QuantizationBit is { } bits)
            here.Output.WriteLine($"quantization_bit: {bits} changes nothing here: adapters are merged into the weights as {source.Model} stores them");
        return ModelExport.Run(new(source.Model, source.Adapters, folder, settings.Export.ExportSize * Gigabyte)
        {
            Template = source.TemplateName,
            Type = source.Type,
            Force = source.Force,
        });
    }
}
