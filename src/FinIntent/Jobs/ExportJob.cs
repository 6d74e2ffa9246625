using FinIntent.Evaluation.Reports;
using FinIntent.Generation;
using FinIntent.Jobs.Calibrations;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Text;

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
        IReadOnlyList<string> told = [];
        var report = ModelExport.Run(new(source.Model, source.Adapters, folder, settings.Export.ExportSize * Gigabyte)
        {
            Template = source.TemplateName,
            Type = source.Type,
            Force = source.Force,
            Complete = target =>
            {
                told = TellTaught(source, target);
                ExportedCalibration.Write(source, target, here);
            },
        });
        foreach (var change in told) here.Output.WriteLine(change);
        here.Output.WriteLine(Summary(report).In(here.Languages.Text));
    }

    /// <summary>Writes how the model was taught to be talked to into the files that other programs read.</summary>
    static IReadOnlyList<string> TellTaught(ChatModelSource source, string target) => !Tokenizer.IsIn(source.Model) ? []
        : TaughtFiles.Write(target, ChatTemplate.Get(source.TemplateName, Tokenizer.Load(source.Model), source.DefaultSystem,
            source.EnableThinking));

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
