using System.Text.Json.Nodes;
using FinIntent.ApiModels;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Settings;

namespace FinIntent.Cli;

/// <summary>What a settings file means for a model behind an API.</summary>
static class SettingsToApi
{
    // Thinking models write their thoughts within it, and it is a limit, not what is paid for.
    const int DefaultMaxNewTokens = 4096;

    /// <summary>Greedy unless do_sample is given, where the API takes such a wish; sampling parameters are sent when they are given.</summary>
    public static ApiRequest Request(SettingsFile settings)
    {
        var g = settings.Generation;
        var samples = settings.Given.ContainsKey("do_sample") && g.DoSample;
        double? greedy = settings.Api.Api == ApiKind.Anthropic ? null : 0;
        return new(settings.Given.ContainsKey("max_new_tokens") ? g.MaxNewTokens : DefaultMaxNewTokens)
        {
            Temperature = !samples ? greedy : settings.Given.ContainsKey("temperature") ? g.Temperature : null,
            TopP = samples && settings.Given.ContainsKey("top_p") ? g.TopP : null,
            Seed = settings.Given.ContainsKey("seed") ? settings.Train.Seed : null,
            StopWords = settings.Inference.StopWords,
        };
    }

    /// <summary>What the answers took; null for a local model.</summary>
    public static ApiTotals? Totals(SettingsFile settings, IReadOnlyList<Prediction> predictions) =>
        settings.Api.Api is null ? null : ApiTotals.Of(predictions, settings.Api.ApiPriceInput, settings.Api.ApiPriceOutput);

    public static ApiRunOptions Run(SettingsFile settings, ApiEndpoint endpoint, string file, string questions)
    {
        var request = Request(settings);
        var name = settings.Output.RunName ?? endpoint.Model;
        var inputs = new JsonObject
        {
            ["model"] = name,
            ["scoring"] = "generate",
            ["api"] = endpoint.Kind.ToString().ToLowerInvariant(),
            ["api_model"] = endpoint.Model,
            ["api_base"] = endpoint.Base.ToString(),
            ["api_version"] = endpoint.Version,
            ["api_parameters"] = settings.Api.ApiParameters.DeepClone(),
            ["max_new_tokens"] = request.MaxTokens,
            ["temperature"] = request.Temperature,
            ["top_p"] = request.TopP,
            ["seed"] = request.Seed,
            ["stop_words"] = new JsonArray([.. request.StopWords.Select(w => (JsonNode)w)]),
            ["default_system"] = settings.Dataset.DefaultSystem,
            ["questions_fingerprint"] = FileFingerprint.Of(questions),
        };
        SettingsToModel.AddSchema(inputs, settings);
        return new(name, file, inputs)
        {
            Concurrency = settings.Api.ApiConcurrency,
            DefaultSystem = settings.Dataset.DefaultSystem,
            Overwrite = settings.Output.OverwriteOutputDir,
        };
    }
}
