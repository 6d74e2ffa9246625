using FinIntent.ApiModels;
using FinIntent.Authoring;
using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Settings;

namespace FinIntent.Jobs;

/// <summary>The models that write and judge rows, as a settings file names them.</summary>
sealed class AuthoringModels : IDisposable
{
    // Whatever else is sent might let a request cost more than what is reserved for it.
    static readonly string[] Bounded = ["temperature", "top_p", "top_k", "min_p", "seed", "stop", "stop_sequences", "presence_penalty",
        "frequency_penalty", "reasoning_effort", "thinking", "user", "metadata"];

    readonly SettingsFile _settings;
    readonly Prepared _writer;
    readonly Prepared? _judge;
    readonly Surroundings _here;
    readonly bool _asks;
    readonly List<IDisposable> _models = [];
    readonly Dictionary<string, ChatModel> _loaded = [];

    /// <param name="asks">False means that no model is asked, so that no key is needed.</param>
    public AuthoringModels(Prepared writer, Prepared? judge, bool asks, Surroundings here)
    {
        var settings = writer.Settings;
        (_settings, _writer, _judge, _asks, _here) = (settings, writer, judge, asks, here);
        Writer = settings.Api.Api is null ? Local(LocalSource, judges: false) : Api(settings.Api, Price(settings.Api), judges: false);
        Judge = settings.Generate.Judge switch
        {
            JudgeKind.None => null,
            JudgeKind.Another when settings.Generate.JudgeApi is null => Local(JudgeSource, judges: true),
            JudgeKind.Another => Api(JudgeApi, Price(JudgeApi), judges: true),
            _ => settings.Api.Api is null ? Local(LocalSource, judges: true) : Api(settings.Api, Price(settings.Api), judges: true),
        };
        CheckLimits();
    }

    public Author Writer { get; }

    public Author? Judge { get; }

    /// <summary>Whether all that is asked has a price.</summary>
    public bool IsPriced => Writer.Price is not null && Judge is not { Price: null };

    public Limits Limits => new((decimal?)_settings.Generate.Budget, _settings.Generate.MaxTokensTotal, _settings.Generate.MaxRequests);

    /// <summary>Returns what the answers of both depend on.</summary>
    public JsonObject Identity()
    {
        var g = _settings.Generate;
        return new()
        {
            ["model"] = _settings.Api.Api is null ? Identity(LocalSource) : Identity(_settings.Api),
            ["judge"] = g.Judge.ToString().ToLowerInvariant(),
            ["judge_model"] = g.Judge != JudgeKind.Another ? null : g.JudgeApi is null ? Identity(JudgeSource) : Identity(JudgeApi),
            ["max_new_tokens"] = MaxNewTokens,
            ["sampling"] = _settings.Api.Api is null ? Respondents.AnswersOf(_settings).Sampling.ToString() : null,
            ["temperature"] = Given("temperature", _settings.Generation.Temperature),
            ["top_p"] = Given("top_p", _settings.Generation.TopP),
        };
    }

    int MaxNewTokens => Respondents.RequestOf(_settings).MaxTokens;

    double? Given(string key, double value) => _settings.Given.ContainsKey(key) ? value : null;

    ChatModelSource LocalSource => _writer.Chat;

    ChatModelSource JudgeSource => new(_judge!.Folder, _judge.Adapters) { Type = Prepared.TypeOf(_settings.Model.InferDtype) };

    ApiSettings JudgeApi => _settings.Api with
    {
        Api = _settings.Generate.JudgeApi,
        ApiModel = _settings.Generate.JudgeApiModel,
        ApiBase = _settings.Generate.JudgeApiBase,
        ApiVersion = _settings.Generate.JudgeApiVersion,
        ApiKeyVariable = _settings.Generate.JudgeApiKeyVariable,
        ApiParameters = _settings.Generate.JudgeApiParameters,
        ApiPriceInput = _settings.Generate.JudgePriceInput,
        ApiPriceOutput = _settings.Generate.JudgePriceOutput,
    };

    static TokenPrice? Price(ApiSettings api) => api is { ApiPriceInput: { } input, ApiPriceOutput: { } output }
        ? new((decimal)input, (decimal)output) : null;

    Author Api(ApiSettings api, TokenPrice? price, bool judges)
    {
        if (!_asks) return Silent(api.ApiModel!, price);
        var request = new ApiRequest(MaxNewTokens)
        {
            // A judge is asked for its best answer; a writer for different ones.
            Temperature = judges ? (api.Api == ApiKind.Anthropic ? null : 0) : Given("temperature", _settings.Generation.Temperature),
            TopP = judges ? null : Given("top_p", _settings.Generation.TopP),
        };
        var model = Respondents.Open(api, request, _here);
        _models.Add(model);
        return new(api.ApiModel!, MaxNewTokens, price, api.ApiConcurrency,
            (request, onRetry, stop) => model.Ask(request.Conversation, stop, onRetry));
    }

    Author Local(ChatModelSource source, bool judges)
    {
        var name = source.Adapters.LastOrDefault() ?? source.Model;
        if (!_asks) return Silent(name, TokenPrice.Free);
        var answers = Respondents.AnswersOf(_settings) with { MaxNewTokens = MaxNewTokens };
        if (judges) answers = answers with { Sampling = SamplingOptions.Greedy };
        var model = new LocalAuthor(name, () => Load(source), answers, _settings.Train.Seed, _here.Time);
        _models.Add(model);
        return model.Author;
    }

    /// <summary>Loads a model once, though it writes and judges.</summary>
    ChatModel Load(ChatModelSource source)
    {
        var key = string.Join('\n', source.Adapters.Prepend(source.Model));
        if (!_loaded.TryGetValue(key, out var model)) _loaded[key] = model = ChatModel.Load(source, _here.Device.Value);
        return model;
    }

    Author Silent(string name, TokenPrice? price) =>
        new(name, MaxNewTokens, price, 1, (_, _, _) => throw new InvalidOperationException("nothing is asked here"));

    void CheckLimits()
    {
        var g = _settings.Generate;
        if (g.Budget is not null && !IsPriced)
            throw new UserErrorException($"{_settings.Given["budget"]}: budget: {g.Budget} cannot be kept without prices; give " +
                (Writer.Price is null ? "api_price_input and api_price_output (of a million tokens)"
                    : "judge_price_input and judge_price_output (of a million tokens)"));
        if (g.Budget is null && g.MaxTokensTotal is null) return;
        (string, JsonObject)[] given = [("api_parameters", _settings.Api.ApiParameters), ("judge_api_parameters", g.JudgeApiParameters)];
        foreach (var (key, parameters) in given)
            if (parameters.Select(p => p.Key).FirstOrDefault(p => !Bounded.Contains(p)) is { } name)
                throw new UserErrorException($"{_settings.Given[key]}: {key}: {name} may change what a request costs, so " +
                    $"{(g.Budget is null ? "max_tokens_total" : "budget")} could not be kept; " +
                    (name.StartsWith("max_", StringComparison.Ordinal) ? "use max_new_tokens"
                        : $"take it out; what may be there is {string.Join(", ", Bounded)}"));
    }

    static JsonObject Identity(ApiSettings api) => new()
    {
        ["api"] = api.Api!.Value.ToString().ToLowerInvariant(),
        ["api_model"] = api.ApiModel,
        ["api_base"] = api.ApiBase,
        ["api_parameters"] = api.ApiParameters.DeepClone(),
    };

    static JsonObject Identity(ChatModelSource source) => new()
    {
        ["base_fingerprint"] = ModelFingerprint.Of(source.Model),
        ["adapters"] = new JsonArray([.. source.Adapters.Select(a => (JsonNode)FileFingerprint.Of(Lora.LoraAdapters.WeightsPath(a)))]),
        ["template"] = source.TemplateName,
        ["default_system"] = source.DefaultSystem,
        ["enable_thinking"] = source.EnableThinking,
        ["infer_dtype"] = source.Type?.ToString(),
        ["base_format"] = source.Format?.Name,
        ["merge_adapter"] = source.MergesAdapter,
    };

    public void Dispose()
    {
        foreach (var model in _models) model.Dispose();
        foreach (var model in _loaded.Values) model.Dispose();
    }
}
