using System.ComponentModel;

namespace FinIntent.Server.Wire;

/// <summary>How tokens are drawn, in Ollama's words. What concerns memory and threads is ignored.</summary>
sealed record OllamaOptionsWire
{
    [Description("0 takes always the most probable token. By default 0.8, as in Ollama.")]
    public double? Temperature { get; init; }

    [Description("By default 0.9.")]
    public double? TopP { get; init; }

    [Description("By default 40.")]
    public int? TopK { get; init; }
    public long? Seed { get; init; }

    [Description("The most tokens of the answer; -1, the default, means 1,024.")]
    public int? NumPredict { get; init; }
    public TextList? Stop { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Asks for an answer in a conversation: POST /api/chat.</summary>
sealed record OllamaChatRequestWire
{
    public string? Model { get; init; }
    public IReadOnlyList<ChatMessageWire>? Messages { get; init; }

    [Description("By default true: a JSON object a line.")]
    public bool? Stream { get; init; }
    public OllamaOptionsWire? Options { get; init; }

    [Description("A JSON schema that is an enum, or an object with one property that is an enum: its values are scored exactly.")]
    public JsonElement? Format { get; init; }

    [Description("Tells the log-probability of each token, of the model's own distribution.")]
    public bool? Logprobs { get; init; }

    [Description("So many of the most probable tokens are told beside each one, 0 to 20.")]
    public int? TopLogprobs { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

sealed record OllamaMessageWire(string Role, string Content);

/// <summary>A line of an answer of POST /api/chat; the last one tells numbers. Durations are nanoseconds.</summary>
sealed record OllamaChatResponseWire
{
    public required string Model { get; init; }
    public required string CreatedAt { get; init; }
    public required OllamaMessageWire Message { get; init; }
    public bool Done { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DoneReason { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TokenLogprobWire>? Logprobs { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TotalDuration { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? LoadDuration { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptEvalCount { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? PromptEvalDuration { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EvalCount { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? EvalDuration { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChoicesWire? Finintent { get; init; }
}

sealed record OllamaDetailsWire
{
    public string ParentModel { get; init; } = "";
    public string Format { get; init; } = "safetensors";
    public required string Family { get; init; }
    public required IReadOnlyList<string> Families { get; init; }
    public string ParameterSize { get; init; } = "";
    public required string QuantizationLevel { get; init; }
}

sealed record OllamaModelWire
{
    public required string Name { get; init; }
    public required string Model { get; init; }
    public required string ModifiedAt { get; init; }

    [Description("The bytes of its weights' files.")]
    public long Size { get; init; }
    public required string Digest { get; init; }
    public required OllamaDetailsWire Details { get; init; }
}

sealed record OllamaModelsWire(IReadOnlyList<OllamaModelWire> Models);

sealed record OllamaVersionWire(string Version);

sealed record OllamaShowRequestWire
{
    public string? Model { get; init; }

    [Description("The same as model, for older clients.")]
    public string? Name { get; init; }
}

sealed record OllamaShowWire
{
    public string Modelfile { get; init; } = "";
    public string Parameters { get; init; } = "";
    public string Template { get; init; } = "";
    public required OllamaDetailsWire Details { get; init; }
    public required Dictionary<string, JsonElement> ModelInfo { get; init; }
    public IReadOnlyList<string> Capabilities { get; init; } = ["completion"];
    public required string ModifiedAt { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OllamaChatRequestWire))]
[JsonSerializable(typeof(OllamaChatResponseWire))]
[JsonSerializable(typeof(OllamaModelsWire))]
[JsonSerializable(typeof(OllamaVersionWire))]
[JsonSerializable(typeof(OllamaShowRequestWire))]
[JsonSerializable(typeof(OllamaShowWire))]
sealed partial class OllamaJson : JsonSerializerContext;
