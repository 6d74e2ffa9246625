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
        var questions = EvaluationQuestion.Load(file);
        var folder = settings.Given.ContainsKey("output_dir") ? settings.Output.OutputDir : DefaultFolder;
        var permuted = settings.Inference.Permutations is { } permutations ? PermutedQuestions.Of(questions, permutations, settings.Train.Seed) : null;
        var leaked = settings.Api.Api is null ? TrainedOn.Check(settings, file, console.Error.WriteLine) : 0;
        var asked = new AskedFile(settings, file, questions, permuted, folder);
        if (permuted is not null)
            console.Error.WriteLine($"permutations: {permuted.Orders.Count} orders of {questions.Count} questions, {permuted.All.Count - questions.Count} answers more");
        var (predictions, inOrders) = settings.Api.Api is null ? AskLocal(asked, console.Error) : AskApi(asked, console.Error);

        var report = ModelReport.Of(predictions[0].Model, predictions);
        if (permuted is not null) report = report with { Robustness = RobustnessReport.Of(permuted, inOrders) };
        var api = settings.Api.Api is null ? null : ApiTotals.Of([.. predictions, .. asked.Further(inOrders)], settings.Api.ApiPriceInput, settings.Api.ApiPriceOutput);
        var text = ReportText.Of(report) + api?.ToText();
        console.Output.Write(text);
        WriteFiles(folder, report, text, api, leaked);
        console.Output.WriteLine($"\n-> {folder}");
    }

    /// <returns>The predictions, and those with permuted options.</returns>
    static (IReadOnlyList<Prediction>, IReadOnlyList<Prediction>) AskLocal(AskedFile asked, TextWriter tell)
    {
        var settings = asked.Settings;
        var options = SettingsToModel.Run(settings, asked.PredictionsPath, asked.Path);
        options = options with { Answers = Repeatable(settings, options.Answers) };
        using var model = new ModelOnDemand(() => ChatModel.Load(SettingsToModel.Source(settings)));
        return asked.Ask((questions, known) => EvaluationRun.Predict(model, questions, (Scoring)settings.Inference.Scoring,
            known is null ? options : options with { File = asked.PermutationsPath, Inputs = asked.IdentityOf(options.Inputs) },
            settings.Inference.ScoringTokens, done => tell.WriteLine($"{done}/{questions.Count} questions"), known));
    }

    static (IReadOnlyList<Prediction>, IReadOnlyList<Prediction>) AskApi(AskedFile asked, TextWriter tell)
    {
        var (settings, endpoint) = (asked.Settings, ApiEndpoint.Of(asked.Settings.Api));
        if (endpoint.SendsKeyUnencrypted) tell.WriteLine($"api_base: {endpoint.Base} is not encrypted: the key can be read on its way; use https if there is");
        using var model = new ApiModel(endpoint, settings.Api, SettingsToApi.Request(settings));
        var options = SettingsToApi.Run(settings, endpoint, asked.PredictionsPath, asked.Path);
        return asked.Ask((questions, known) => ApiRun.Predict(model, questions,
            known is null ? options : options with { File = asked.PermutationsPath, Identity = asked.IdentityOf(options.Identity) },
            done => tell.WriteLine($"{done}/{questions.Count} questions{(model.Retries > 0 ? $", {model.Retries} requests made again" : "")}"), known).GetAwaiter().GetResult());
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
