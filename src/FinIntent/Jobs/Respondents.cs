using FinIntent.ApiModels;
using FinIntent.Calibration;
using FinIntent.Checkpoints;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Jobs.Calibrations;
using FinIntent.Lora;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>Makes the model of settings one that answers lists of questions, and says what its answers depend on.</summary>
static class Respondents
{
    // An evaluation's answer is a letter, or a sentence with one.
    const int ExamMaxNewTokens = 64;

    // Thinking models behind an API write their thoughts within it, and it is a limit, not what is paid for.
    const int ApiMaxNewTokens = 4096;

    /// <summary>Opens the model; one on this machine is loaded when the first question is asked.</summary>
    public static Respondent Open(Prepared prepared, LocalAsking how, Surroundings here)
    {
        var settings = prepared.Settings;
        if (settings.Api.Api is null) return new LocalRespondent(() => ChatModel.Load(prepared.Chat, here.Device.Value), how);
        var model = Open(settings.Api, RequestOf(settings), here);
        return new ApiRespondent(model, settings.Api.ApiConcurrency, settings.Dataset.DefaultSystem);
    }

    /// <summary>Opens a model behind an API; a key that would be sent without encryption is told.</summary>
    public static ApiModel Open(ApiSettings api, ApiRequest request, Surroundings here)
    {
        var endpoint = ApiEndpoint.Of(api);
        if (endpoint.SendsKeyUnencrypted)
            here.Tell($"api_base: {endpoint.Base} is not encrypted: the key can be read on its way; use https if there is");
        return new(endpoint, api, request, here.Time);
    }

    /// <summary>Says how an evaluation asks its questions: answers are greedy and short unless the settings say otherwise.</summary>
    public static LocalAsking ForExam(SettingsFile settings)
    {
        var answers = AnswersOf(settings);
        var samples = settings.Given.ContainsKey("do_sample") && settings.Generation.DoSample;
        var isLengthGiven = settings.Given.ContainsKey("max_new_tokens") || answers.MaxLength is not null;
        return AskingOf(settings, settings.Inference.Scoring, answers with
        {
            Sampling = answers.Sampling with { DoSample = samples },
            MaxNewTokens = isLengthGiven ? answers.MaxNewTokens : ExamMaxNewTokens,
        });
    }

    /// <summary>Says how questions are asked whose answers are for reading.</summary>
    public static LocalAsking ForAnswers(SettingsFile settings) =>
        AskingOf(settings, Scoring.Generate, AnswersOf(settings)) with { KeepsEach = true };

    static LocalAsking AskingOf(SettingsFile settings, Scoring scoring, AnswerOptions answers) => new(scoring, answers)
    {
        AnswersAtOnce = settings.Evaluation.PerDeviceEvalBatchSize,
        Seed = settings.Train.Seed,
        ScoringTokens = settings.Inference.ScoringTokens,
    };

    /// <summary>Says how answers are written; max_new_tokens wins over max_length when both are given.</summary>
    public static AnswerOptions AnswersOf(SettingsFile settings)
    {
        var g = settings.Generation;
        var isByLength = settings.Given.ContainsKey("max_length") && !settings.Given.ContainsKey("max_new_tokens");
        var sampling = new SamplingOptions(g.DoSample, g.Temperature, g.TopK, g.TopP, g.RepetitionPenalty);
        return new(sampling, isByLength ? int.MaxValue : g.MaxNewTokens)
        {
            MaxLength = isByLength ? g.MaxLength : null,
            StopWords = settings.Inference.StopWords,
            SkipSpecialTokens = g.SkipSpecialTokens,
        };
    }

    /// <summary>Says what an API is asked for. Answers are greedy unless do_sample is given and the API takes such a wish.</summary>
    public static ApiRequest RequestOf(SettingsFile settings)
    {
        var g = settings.Generation;
        var samples = settings.Given.ContainsKey("do_sample") && g.DoSample;
        double? greedy = settings.Api.Api == ApiKind.Anthropic ? null : 0;
        return new(settings.Given.ContainsKey("max_new_tokens") ? g.MaxNewTokens : ApiMaxNewTokens)
        {
            Temperature = !samples ? greedy : settings.Given.ContainsKey("temperature") ? g.Temperature : null,
            TopP = samples && settings.Given.ContainsKey("top_p") ? g.TopP : null,
            Seed = settings.Given.ContainsKey("seed") ? settings.Train.Seed : null,
            StopWords = settings.Inference.StopWords,
        };
    }

    /// <summary>Returns what the answers took; null for a local model.</summary>
    public static ApiTotals? TotalsOf(SettingsFile settings, IReadOnlyList<Prediction> predictions) =>
        settings.Api.Api is null ? null : ApiTotals.Of(predictions, settings.Api.ApiPriceInput, settings.Api.ApiPriceOutput);

    /// <summary>Says where answers go and what they depend on. Weights and questions are known by their content.</summary>
    /// <param name="predictions">The file for the answers.</param>
    /// <param name="questions">The file of the questions.</param>
    public static PredictionRun RunOf(Prepared prepared, LocalAsking how, string predictions, string questions)
    {
        var settings = prepared.Settings;
        var (name, identity) = settings.Api.Api is null ? LocalIdentity(prepared, how) : ApiIdentity(settings);
        identity["model"] = name;
        identity["default_system"] = settings.Dataset.DefaultSystem;
        identity["questions_fingerprint"] = FileFingerprint.Of(questions);
        if (settings.Inference.IntentSchema is { } schema) identity["schema_fingerprint"] = FileFingerprint.Of(schema);
        if (how.Scoring != Scoring.Generate && UsedCalibration.FolderOf(prepared) is { } folder)
            identity["calibration_fingerprint"] = FileFingerprint.Of(CalibrationFile.PathIn(folder));
        if (settings.Calibration.OutOfScopeFile is { Count: > 0 } files)
            identity["out_of_scope_fingerprints"] = new JsonArray([.. files.Select(file => (JsonNode)FileFingerprint.Of(file))]);
        return new(name, predictions, identity) { Overwrite = settings.Output.OverwriteOutputDir };
    }

    static (string, JsonObject) LocalIdentity(Prepared prepared, LocalAsking how)
    {
        var (source, model, identity) = (prepared.Chat, prepared.Settings.Model, how.Identity());
        identity["base_fingerprint"] = ModelFingerprint.Of(source.Model);
        identity["adapter_fingerprints"] =
            new JsonArray([.. source.Adapters.Select(a => (JsonNode)FileFingerprint.Of(LoraAdapters.WeightsPath(a)))]);
        identity["infer_dtype"] = model.InferDtype.ToString().ToLowerInvariant();
        identity["base_format"] = source.Format?.Name;
        identity["template"] = source.TemplateName;
        identity["enable_thinking"] = source.EnableThinking;
        if (source.MergesAdapter is { } merges) identity["merge_adapter"] = merges;
        return (prepared.Settings.Output.RunName ?? model.AdapterPaths.LastOrDefault() ?? model.ModelNameOrPath, identity);
    }

    static (string, JsonObject) ApiIdentity(SettingsFile settings)
    {
        var (endpoint, request) = (ApiEndpoint.Unopened(settings.Api), RequestOf(settings));
        return (settings.Output.RunName ?? endpoint.Model, new()
        {
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
        });
    }
}
