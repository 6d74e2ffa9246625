using System.ComponentModel.DataAnnotations;

namespace FinIntent.Settings;

enum ApiKind
{
    /// <summary>Anthropic's Messages API.</summary>
    Anthropic,

    /// <summary>OpenAI's chat completions, or any endpoint that speaks them.</summary>
    [Key("openai")] OpenAi,

    /// <summary>Azure OpenAI.</summary>
    Azure,

    /// <summary>A local Ollama server.</summary>
    Ollama,
}

/// <summary>Ours: a model behind an API. Its key is no setting: it comes from the environment or from user secrets.</summary>
sealed record ApiSettings
{
    /// <summary>Whose words the endpoint speaks; null: the model is a local folder.</summary>
    public ApiKind? Api { get; init; }

    /// <summary>The model's name there; with Azure the deployment's.</summary>
    public string? ApiModel { get; init; }

    /// <summary>The endpoint's address; null: the maker's own.</summary>
    public string? ApiBase { get; init; }

    /// <summary>Azure's api-version, and with it the path openai/deployments/…; null: the path openai/v1, which needs none.</summary>
    public string? ApiVersion { get; init; }

    /// <summary>The environment variable or user secret that holds the key; null: the usual one of the kind (docs/api.md).</summary>
    public string? ApiKeyVariable { get; init; }

    /// <summary>These are put into each request as they are; null takes a parameter out.</summary>
    public JsonObject ApiParameters { get; init; } = [];

    /// <summary>Questions under way at a time.</summary>
    [Range(1, 256)] public int ApiConcurrency { get; init; } = 4;

    /// <summary>Requests for a question before it is left for the next run.</summary>
    [Range(1, 100)] public int ApiAttempts { get; init; } = 6;

    /// <summary>Seconds that an attempt may take.</summary>
    [Range(0.0, 86_400.0, MinimumIsExclusive = true)] public double ApiTimeout { get; init; } = 120;

    /// <summary>The most seconds that a server may ask to wait; when it asks for more, the run ends and can go on later.</summary>
    [Range(0.0, 86_400.0)] public double ApiLongestWait { get; init; } = 300;

    /// <summary>Price of a million tokens of questions; null: no price is told.</summary>
    [Range(0, double.MaxValue)] public double? ApiPriceInput { get; init; }

    /// <summary>Price of a million tokens of answers.</summary>
    [Range(0, double.MaxValue)] public double? ApiPriceOutput { get; init; }
}
