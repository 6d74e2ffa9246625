using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli.Commands;

static class EvalCommand
{
    const string DefaultFolder = "eval_output";
    const int DefaultMaxNewTokens = 64;

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Build() => SettingsCommand.Build("eval", "Measure how well a model tells intents, on a file of questions with known answers.", Run);

    static void Run(SettingsFile settings, InvocationConfiguration console)
    {
        var file = settings.Inference.EvalFile
            ?? throw new UserErrorException($"{settings.Path}: eval_file is missing; name an Alpaca or OpenFinData file of questions with known answers");
        var questions = EvaluationQuestion.Load(file);
        var folder = settings.Given.ContainsKey("output_dir") ? settings.Output.OutputDir : DefaultFolder;
        var options = SettingsToModel.Run(settings, Path.Combine(folder, "predictions.jsonl"), file);
        options = options with { Answers = Repeatable(settings, options.Answers) };
        var predictions = EvaluationRun.Predict(() => ChatModel.Load(SettingsToModel.Source(settings)), questions,
            (Scoring)settings.Inference.Scoring, options, settings.Inference.ScoringTokens, done => console.Error.WriteLine($"{done}/{questions.Count} questions"));

        var report = ModelReport.Of(options.Name, predictions);
        console.Output.Write(ReportText.Of(report));
        WriteFiles(folder, report);
        console.Output.WriteLine($"\n-> {folder}");
    }

    /// <summary>Unless asked otherwise answers are greedy and short: an answer is a letter, or a sentence with one.</summary>
    static AnswerOptions Repeatable(SettingsFile settings, AnswerOptions answers) => answers with
    {
        Sampling = answers.Sampling with { DoSample = settings.Given.ContainsKey("do_sample") && settings.Generation.DoSample },
        MaxNewTokens = settings.Given.ContainsKey("max_new_tokens") || answers.MaxLength is not null ? answers.MaxNewTokens : DefaultMaxNewTokens,
    };

    static void WriteFiles(string folder, ModelReport report)
    {
        var json = new JsonObject { ["models"] = new JsonArray(report.ToJson()) };
        AtomicFile.WriteText(Path.Combine(folder, "summary.json"), json.ToJsonString(Indented) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, "summary.txt"), ReportText.Of(report));
        foreach (var rule in report.Rules) ConfusionPlot.Write(Path.Combine(folder, $"confusion_{rule.Rule}.png"), rule.Rule, rule.Matrix, [.. report.Classes.Select(c => c.Intent)]);
    }
}
