using FinIntent.ApiModels;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Settings;

namespace FinIntent.Cli;

/// <summary>A settings file's model, local or behind an API, asked every question of an evaluation.</summary>
static class SettingsToPredictions
{
    const int DefaultMaxNewTokens = 64;

    /// <param name="file">Where the questions are from.</param>
    /// <param name="predictions">The predictions file, gone on with where a run with the same settings stopped.</param>
    /// <param name="tell">Told of progress.</param>
    public static IReadOnlyList<Prediction> Ask(
        SettingsFile settings, string file, IReadOnlyList<EvaluationQuestion> questions, string predictions, Action<string> tell, CancellationToken stop = default) =>
        settings.Api.Api is null ? AskLocal(settings, file, questions, predictions, tell) : AskApi(settings, file, questions, predictions, tell, stop);

    static IReadOnlyList<Prediction> AskLocal(SettingsFile settings, string file, IReadOnlyList<EvaluationQuestion> questions, string predictions, Action<string> tell) =>
        EvaluationRun.Predict(() => ChatModel.Load(SettingsToModel.Source(settings)), questions, (Scoring)settings.Inference.Scoring,
            LocalRun(settings, predictions, file), settings.Inference.ScoringTokens, done => tell($"{done}/{questions.Count} questions"));

    /// <summary>Unless asked otherwise answers are greedy and short: an answer is a letter, or a sentence with one.</summary>
    public static RunOptions LocalRun(SettingsFile settings, string predictions, string file)
    {
        var options = SettingsToModel.Run(settings, predictions, file);
        var answers = options.Answers;
        return options with
        {
            Answers = answers with
            {
                Sampling = answers.Sampling with { DoSample = settings.Given.ContainsKey("do_sample") && settings.Generation.DoSample },
                MaxNewTokens = settings.Given.ContainsKey("max_new_tokens") || answers.MaxLength is not null ? answers.MaxNewTokens : DefaultMaxNewTokens,
            },
        };
    }

    static IReadOnlyList<Prediction> AskApi(
        SettingsFile settings, string file, IReadOnlyList<EvaluationQuestion> questions, string predictions, Action<string> tell, CancellationToken stop)
    {
        var endpoint = ApiEndpoint.Of(settings.Api);
        if (endpoint.SendsKeyUnencrypted) tell($"api_base: {endpoint.Base} is not encrypted: the key can be read on its way; use https if there is");
        using var model = new ApiModel(endpoint, settings.Api, SettingsToApi.Request(settings));
        return ApiRun.Predict(model, questions, SettingsToApi.Run(settings, endpoint, predictions, file), done =>
            tell($"{done}/{questions.Count} questions{(model.Retries > 0 ? $", {model.Retries} requests made again" : "")}"), stop).GetAwaiter().GetResult();
    }
}
