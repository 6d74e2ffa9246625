using System.CommandLine;
using System.Globalization;
using FinIntent.Evaluation.Reports;
using FinIntent.Jobs;

namespace FinIntent.Cli.Commands;

static class ExportCommand
{
    public static Command Build() => SettingsCommand.Build(
        "export", "Merge adapters into their base model and write the result as a model folder.", (settings, here) =>
        {
            var report = ExportJob.Run(settings, here);
            var summary = Summary(Short(report.LargestDifference), Short(report.Allowed), Short(report.AdapterEffect));
            here.Output.WriteLine(summary.In(here.Languages.Text));
            here.Output.WriteLine($"-> {settings.Export.ExportDir}");
        });

    static Bilingual Summary(string largest, string allowed, string effect) => (
        $"合并后的模型与“基座 + 适配器”的 logits 最大相差 {largest}（允许 {allowed}；适配器使其最多改变 {effect}）",
        $"largest difference of logits, merged model against adapters on the base: {largest} " +
        $"(allowed {allowed}; the adapters change them by up to {effect})");

    static string Short(double value) => value.ToString("g3", CultureInfo.InvariantCulture);
}
