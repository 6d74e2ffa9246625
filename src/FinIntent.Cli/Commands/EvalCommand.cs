using System.CommandLine;
using FinIntent.ApiModels;
using FinIntent.Checkpoints;
using FinIntent.Evaluation;
using FinIntent.Evaluation.Reports;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class EvalCommand
{
    const string DefaultFolder = "eval_output";
    const int DefaultMaxNewTokens = 64;

    public static Command Build() => SettingsCommand.Build("eval", "Measure how well a model tells intents, on a file of questions with known answers.", Run);

    static void Run(SettingsFile settings, InvocationConfiguration console)
    {
        var file = settings.Inference.EvalFile
            ?? throw new UserErrorException($"{settings.Path}: eval_file is missing; name an Alpaca or OpenFinData file of questions with known answers");
        var questions = EvaluationQuestion.Load(file, SettingsToModel.Schema(settings));
        var folder = settings.Given.ContainsKey("output_dir") ? settings.Output.OutputDir : DefaultFolder;
        var predictionsFile = Path.Combine(folder, "predictions.jsonl");
        var leaked = settings.Api.Api is null ? TrainedOn.Check(settings, file, console.Error.WriteLine) : 0;
        var predictions = settings.Api.Api is null
            ? AskLocal(settings, file, questions, predictionsFile, console.Error)
            : AskApi(settings, file, questions, predictionsFile, console.Error);

        var report = ModelReport.Of(predictions[0].Model, predictions);
        var api = settings.Api.Api is null ? null : ApiTotals.Of(predictions, settings.Api.ApiPriceInput, settings.Api.ApiPriceOutput);
        var text = ReportText.Of(report) + api?.ToText();
        console.Output.Write(text);
        WriteFiles(folder, report, text, api, leaked);
        console.Output.WriteLine($"\n-> {folder}");
    }

    static IReadOnlyList<Prediction> AskLocal(SettingsFile settings, string file, IReadOnlyList<EvaluationQuestion> questions, string predictions, TextWriter tell)
    {
        var options = SettingsToModel.Run(settings, predictions, file);
        options = options with { Answers = Repeatable(settings, options.Answers) };
        return EvaluationRun.Predict(() => ChatModel.Load(SettingsToModel.Source(settings)), questions,
            (Scoring)settings.Inference.Scoring, options, settings.Inference.ScoringTokens, done => tell.WriteLine($"{done}/{questions.Count} questions"));
    }

    static IReadOnlyList<Prediction> AskApi(SettingsFile settings, string file, IReadOnlyList<EvaluationQuestion> questions, string predictions, TextWriter tell)
    {
        var endpoint = ApiEndpoint.Of(settings.Api);
        if (endpoint.SendsKeyUnencrypted) tell.WriteLine($"api_base: {endpoint.Base} is not encrypted: the key can be read on its way; use https if there is");
        using var model = new ApiModel(endpoint, settings.Api, SettingsToApi.Request(settings));
        return ApiRun.Predict(model, questions, SettingsToApi.Run(settings, endpoint, predictions, file), done =>
            tell.WriteLine($"{done}/{questions.Count} questions{(model.Retries > 0 ? $", {model.Retries} requests made again" : "")}")).GetAwaiter().GetResult();
    }

    /// <summary>Unless asked otherwise answers are greedy and short: an answer is a letter, or a sentence with one.</summary>
    static AnswerOptions Repeatable(SettingsFile settings, AnswerOptions answers) => answers with
    {
        Sampling = answers.Sampling with { DoSample = settings.Given.ContainsKey("do_sample") && settings.Generation.DoSample },
        MaxNewTokens = settings.Given.ContainsKey("max_new_tokens") || answers.MaxLength is not null ? answers.MaxNewTokens : DefaultMaxNewTokens,
    };

    static void WriteFiles(string folder, ModelReport report, string text, ApiTotals? api, int leaked)
    {
        var comparison = Comparison.Of(report);
        ReportWriter.Write(folder, comparison, Language.Chinese);
        var json = ReportJson.Of(comparison);
        if (api is not null) json["models"]![0]!["api"] = api.ToJson();
        if (leaked > 0) json["models"]![0]!["leaked_questions"] = leaked;
        ReportJson.Write(Path.Combine(folder, "summary.json"), json);
        AtomicFile.WriteText(Path.Combine(folder, "summary.txt"), text);
        foreach (var rule in report.Rules) ConfusionPlot.Write(Path.Combine(folder, $"confusion_{rule.Rule}.png"), rule.Rule, rule.Matrix, [.. report.Classes.Select(c => c.Intent)]);
    }
}
