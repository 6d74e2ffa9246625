using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;

namespace FinIntent.Cli.Commands;

static class ReportCommand
{
    public static Command Build()
    {
        var files = new Argument<string[]>("PRED.jsonl") { Description = "Predictions, a file for each model.", Arity = ArgumentArity.OneOrMore };
        var output = new Option<string>("--out") { Description = $"Folder for {ReportWriter.HtmlName} and {ReportWriter.MarkdownName}.", Required = true };
        var baseline = new Option<string?>("--baseline") { Description = "Compare each file with this one only." };
        var json = new Option<string?>("--json") { Description = "Also write all numbers to this file." };
        var language = new Option<string?>("--language")
        {
            Description = $"Language of {ReportWriter.MarkdownName}, and the one that {ReportWriter.HtmlName} shows first: zh or en (default: --lang's, or zh).",
        };
        language.AcceptOnlyFromAmong("zh", "en");
        var command = new Command("report", "Compare predictions: accuracy with intervals, paired tests, confusions, calibration.")
        {
            files, output, baseline, json, language,
        };
        command.SetAction(arguments =>
        {
            var console = arguments.InvocationConfiguration.Output;
            var report = Compare([.. arguments.GetRequiredValue(files)], arguments.GetValue(baseline));
            var folder = arguments.GetRequiredValue(output);
            var (text, reports) = SpokenLanguage.Of(arguments);
            if (arguments.GetValue(language) is { } given) reports = given == "en" ? Language.English : Language.Chinese;
            ReportWriter.Write(folder, report, reports);
            if (arguments.GetValue(json) is { } path) ReportJson.Write(path, ReportJson.Of(report));
            console.Write(ReportText.Of(report, text));
            console.WriteLine($"\n-> {Path.Combine(folder, ReportWriter.HtmlName)}, {Path.Combine(folder, ReportWriter.MarkdownName)}");
        });
        return command;
    }

    /// <summary>A baseline that is not among the files comes first.</summary>
    static Comparison Compare(List<string> files, string? baseline)
    {
        if (baseline is null) return Comparison.Of(PredictionSet.ReadAll(files));
        var index = files.FindIndex(file => Path.GetFullPath(file) == Path.GetFullPath(baseline));
        if (index < 0) files.Insert(0, baseline);
        return Comparison.Of(PredictionSet.ReadAll(files), Math.Max(index, 0));
    }
}
