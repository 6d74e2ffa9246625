using FinIntent.ApiModels;
using FinIntent.Evaluation;
using FinIntent.Generation;
using FinIntent.Jobs;

namespace FinIntent.Cli;

/// <summary>A settings file's model, local or behind an API, asked every question of an evaluation.</summary>
static class SettingsToPredictions
{
    const int DefaultMaxNewTokens = 64;

    /// <param name="tell">Told of progress.</param>
    /// <returns>The predictions, and those with permuted options.</returns>
    public static (IReadOnlyList<Prediction> Predictions, IReadOnlyList<Prediction> InOrders) Ask(AskedFile asked, Action<string> tell, CancellationToken stop = default) =>
        asked.Prepared.Settings.Api.Api is null ? AskLocal(asked, tell) : AskApi(asked, tell, stop);

    static (IReadOnlyList<Prediction>, IReadOnlyList<Prediction>) AskLocal(AskedFile asked, Action<string> tell)
    {
        var (prepared, settings) = (asked.Prepared, asked.Prepared.Settings);
        var options = LocalRun(prepared, asked.PredictionsPath, asked.Path);
        using var model = new ModelOnDemand(() => ChatModel.Load(prepared.Chat));
        return asked.Ask((questions, known) => EvaluationRun.Predict(model, questions, (Scoring)settings.Inference.Scoring,
            known is null ? options : options with { File = asked.PermutationsPath, Inputs = asked.IdentityOf(options.Inputs) },
            settings.Inference.ScoringTokens, done => tell($"{done}/{questions.Count} questions"), known));
    }

    /// <summary>Unless asked otherwise answers are greedy and short: an answer is a letter, or a sentence with one.</summary>
    public static RunOptions LocalRun(Prepared prepared, string predictions, string file)
    {
        var (settings, options) = (prepared.Settings, SettingsToModel.Run(prepared, predictions, file));
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

    static (IReadOnlyList<Prediction>, IReadOnlyList<Prediction>) AskApi(AskedFile asked, Action<string> tell, CancellationToken stop)
    {
        var settings = asked.Prepared.Settings;
        var endpoint = ApiEndpoint.Of(settings.Api);
        if (endpoint.SendsKeyUnencrypted) tell($"api_base: {endpoint.Base} is not encrypted: the key can be read on its way; use https if there is");
        using var model = new ApiModel(endpoint, settings.Api, SettingsToApi.Request(settings));
        var options = SettingsToApi.Run(settings, endpoint, asked.PredictionsPath, asked.Path);
        return asked.Ask((questions, known) => ApiRun.Predict(model, questions,
            known is null ? options : options with { File = asked.PermutationsPath, Identity = asked.IdentityOf(options.Identity) },
            done => tell($"{done}/{questions.Count} questions{(model.Retries > 0 ? $", {model.Retries} requests made again" : "")}"), known, stop).GetAwaiter().GetResult());
    }
}
