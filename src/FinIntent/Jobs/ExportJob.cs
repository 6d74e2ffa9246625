using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Jobs.Calibrations;
using FinIntent.Jobs.Checks;
using FinIntent.Lora;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;

namespace FinIntent.Jobs;

/// <summary>Merges adapters into their base model, writes a model folder, and compares it with what was merged.</summary>
static class ExportJob
{
    const long Gigabyte = 1_000_000_000;

    /// <summary>Exports, and prints how far the written model is from what was merged.</summary>
    /// <param name="stop">It ends the export between two tensors or forwards; nothing of it is left then.</param>
    public static void Run(SettingsFile settings, Surroundings here, CancellationToken stop = default)
    {
        var folder = settings.Export.ExportDir
            ?? throw new UserErrorException($"{settings.Path}: export_dir is missing; name the folder to write");
        using var held = OutputPlace.Replaced(folder, "export_dir").Lock("export");
        ModelExport.RefuseForeignFolder(folder);
        var prepared = Prepared.Of(settings, Need.Model, here with { Stop = stop });
        CheckRoom(prepared, folder, here);
        var source = prepared.Chat;
        if (settings.Model.QuantizationBit is { } bits)
            here.Output.WriteLine(
                $"quantization_bit: {bits} changes nothing here: adapters are merged into the weights as {source.Model} stores them");
        IReadOnlyList<string> told = [];
        var report = ModelExport.Run(new(source.Model, source.Adapters, folder, settings.Export.ExportSize * Gigabyte)
        {
            Template = source.TemplateName,
            Type = source.Type,
            Force = source.Force,
            Stop = stop,
            Complete = target =>
            {
                told = TellTaught(source, target);
                ExportedCalibration.Write(source, target, here);
            },
        });
        foreach (var change in told) here.Output.WriteLine(change);
        here.Output.WriteLine(Summary(report).In(here.Languages.Text));
    }

    /// <summary>Refuses an export for which there is no room, before a weight is read.</summary>
    static void CheckRoom(Prepared prepared, string folder, Surroundings here)
    {
        LibTorch.Load();
        // What is wrong with the model itself is told by whoever loads it.
        if (new ModelCheck(prepared, new(), here).Run(isTraining: false) is not { } model) return;
        var report = new CheckReport();
        UseCheck.ReportRoom(prepared.Settings, folder, model, report, here);
        report.RefuseErrors();
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
