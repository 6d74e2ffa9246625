using FinIntent.Evaluation.Reports;
using FinIntent.Jobs.Calibrations;
using FinIntent.Lora;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>Merges adapters into their base model, writes a model folder, and compares it with what was merged.</summary>
static class ExportJob
{
    const long Gigabyte = 1_000_000_000;

    /// <summary>Exports, and prints how far the written model is from what was merged.</summary>
    public static void Run(SettingsFile settings, Surroundings here)
    {
        var folder = settings.Export.ExportDir
            ?? throw new UserErrorException($"{settings.Path}: export_dir is missing; name the folder to write");
        var source = Prepared.Of(settings, Need.Model, here).Chat;
        if (settings.Model.QuantizationBit is { } bits)
            here.Output.WriteLine(
                $"quantization_bit: {bits} changes nothing here: adapters are merged into the weights as {source.Model} stores them");
        var report = ModelExport.Run(new(source.Model, source.Adapters, folder, settings.Export.ExportSize * Gigabyte)
        {
            Template = source.TemplateName,
            Type = source.Type,
            Force = source.Force,
            Complete = target => ExportedCalibration.Write(source, target, here),
        });
        here.Output.WriteLine(Summary(report).In(here.Languages.Text));
    }

    static Bilingual Summary(ExportReport report)
    {
        var (largest, allowed, effect) = (Short(report.LargestDifference), Short(report.Allowed), Short(report.AdapterEffect));
        return (
            $"合并后的模型与“基座 + 适配器”的 logits 最大相差 {largest}（允许 {allowed}；适配器使其最多改变 {effect}）",
            $"largest difference of logits, merged model against adapters on the base: {largest} " +
            $"(allowed {allowed}; the adapters change them by up to {effect})");

        static string Short(double value) => value.ToString("g3", CultureInfo.InvariantCulture);
    }
}
