using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;

namespace FinIntent.Cli.Commands;

static class ReportCommand
{
    public static Command Build()
    {
        var files = Options.Several("PRED.jsonl", "Predictions, a file for each model.");
        var output = Options.Required<string>("--out", $"Folder for {ReportWriter.HtmlName} and {ReportWriter.MarkdownName}.");
        var baseline = Options.Of<string?>("--baseline", "Compare each file with this one only.");
        var json = Options.Of<string?>("--json", "Also write all numbers to this file.");
        var language = Options.Among("--language", $"Language of {ReportWriter.MarkdownName}, and the one that {ReportWriter.HtmlName} " +
            "shows first: zh or en (default: --lang's, or zh).", ["zh", "en"]);
        var command = new Command("report", "Compare predictions: accuracy with intervals, paired tests, confusions, calibration.")
            { files, output, baseline, json, language };
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

    /// <summary>Compares all files; a baseline that is not among them is put first.</summary>
    static Comparison Compare(List<string> files, string? baseline)
    {
        if (baseline is null) return Comparison.Of(PredictionSet.ReadAll(files));
        var index = files.FindIndex(file => Path.GetFullPath(file) == Path.GetFullPath(baseline));
        if (index < 0) files.Insert(0, baseline);
        return Comparison.Of(PredictionSet.ReadAll(files), Math.Max(index, 0));
    }
}
