using System.CommandLine;
using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Files;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class EvalCommand
{
    const string DefaultFolder = "eval_output";

    public static Command Build() => SettingsCommand.Build("eval", "Measure how well a model tells intents, on a file of questions with known answers.", Run);

    static void Run(SettingsFile settings, InvocationConfiguration console)
    {
        var file = settings.Inference.EvalFile
            ?? throw new UserErrorException($"{settings.Path}: eval_file is missing; name an Alpaca or OpenFinData file of questions with known answers");
        var questions = QuestionFile.Load(file, SettingsToModel.Schema(settings));
        var folder = settings.Given.ContainsKey("output_dir") ? settings.Output.OutputDir : DefaultFolder;
        var runs = EvalRuns.Of(settings);
        if (runs.Count > 1)
        {
            EvalRuns.Run(runs, file, questions, folder, console.Output, console.Error);
            return;
        }
        settings = SettingsToFolders.Models(runs[0].Settings, console.Error);
        var permuted = settings.Inference.Permutations is { } permutations ? PermutedQuestions.Of(questions, permutations, settings.Train.Seed) : null;
        var leaked = settings.Api.Api is null ? TrainedOn.Check(settings, file, console.Error.WriteLine) : 0;
        var asked = new AskedFile(settings, file, questions, permuted, Path.Combine(folder, "predictions.jsonl"));
        if (permuted is not null)
            console.Error.WriteLine($"permutations: {permuted.Orders.Count} orders of {questions.Count} questions, {permuted.All.Count - questions.Count} answers more");
        var (predictions, inOrders) = SettingsToPredictions.Ask(asked, console.Error.WriteLine);

        var api = SettingsToApi.Totals(settings, [.. predictions, .. asked.Further(inOrders)]);
        var report = ModelReport.Of(predictions[0].Model, predictions) with { Api = api, LeakedQuestions = leaked };
        if (permuted is not null) report = report with { Robustness = RobustnessReport.Of(permuted, inOrders) };
        var text = ReportText.Of(report, Language.English) + api?.ToText(Language.English);
        console.Output.Write(text);
        WriteFiles(folder, report, text, console.Error);
        console.Output.WriteLine($"\n-> {folder}");
    }

    static void WriteFiles(string folder, ModelReport report, string text, TextWriter warnings)
    {
        var comparison = Comparison.Of(report);
        ReportWriter.Write(folder, comparison, Language.Chinese);
        ReportJson.Write(Path.Combine(folder, "summary.json"), ReportJson.Of(comparison));
        AtomicFile.WriteText(Path.Combine(folder, "summary.txt"), text);
        ConfusionPlot.WriteAll(folder, report, warnings.WriteLine);
    }
}
