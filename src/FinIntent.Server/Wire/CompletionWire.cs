using System.ComponentModel;

namespace FinIntent.Server.Wire;

/// <summary>Asks for what follows texts: POST /v1/completions.</summary>
sealed record CompletionRequestWire : SamplingWire
{
    [Description("The text to continue, or several.")]
    public required TextList Prompt { get; init; }

    [Description("Tells the log-probability of each token, and of so many of the most probable ones beside it, 0 to 20.")]
    public int? Logprobs { get; init; }

    [Description("Not supported: the answer is what follows the prompt.")]
    public bool? Echo { get; init; }
}

/// <summary>The tokens of a continuation, in the older form.</summary>
sealed record CompletionLogprobsWire(
    IReadOnlyList<string> Tokens, IReadOnlyList<double> TokenLogprobs, IReadOnlyList<Dictionary<string, double>> TopLogprobs,
    [property: Description("The character of the continuation at which each token begins.")] IReadOnlyList<int> TextOffset);

sealed record CompletionChoiceWire(int Index, string Text, CompletionLogprobsWire? Logprobs, string? FinishReason);

/// <summary>The answer of POST /v1/completions, whole or a piece of it.</summary>
sealed record CompletionResponseWire
{
    public required string Id { get; init; }
    public string Object { get; init; } = "text_completion";
    public long Created { get; init; }
    public required string Model { get; init; }
    public required string SystemFingerprint { get; init; }
    public required IReadOnlyList<CompletionChoiceWire> Choices { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UsageWire? Usage { get; init; }
}

/// <summary>A model or adapter that is served.</summary>
sealed record ModelWire
{
    public required string Id { get; init; }
    public string Object { get; init; } = "model";
    public long Created { get; init; }
    public string OwnedBy { get; init; } = "finintent";

    [Description("name@version: what is behind the name now.")]
    public required string Root { get; init; }

    [Description("The model that an adapter stands on; null for the model itself.")]
    public string? Parent { get; init; }

    [Description("The tokens that it reads at most.")]
    public int MaxModelLen { get; init; }
}

sealed record ModelListWire(IReadOnlyList<ModelWire> Data)
{
    public string Object { get; init; } = "list";
}

/// <summary>Asks for the intents of texts in vLLM's form: POST /classify.</summary>
sealed record VllmClassifyRequestWire
{
    public string? Model { get; init; }

    [Description("A text or several. Give either input or messages.")]
    public TextList? Input { get; init; }

    [Description("A conversation whose last message, a user's, is classified with the turns before it.")]
    public IReadOnlyList<ChatMessageWire>? Messages { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

sealed record VllmClassifiedWire(int Index, string Label, IReadOnlyList<double> Probs, int NumClasses);

/// <summary>The answer of POST /classify. Probs are in the order of the model's label set.</summary>
sealed record VllmClassifyResponseWire
{
    public required string Id { get; init; }
    public string Object { get; init; } = "list";
    public long Created { get; init; }
    public required string Model { get; init; }
    public required IReadOnlyList<VllmClassifiedWire> Data { get; init; }
    public required UsageWire Usage { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ChatRequestWire))]
[JsonSerializable(typeof(ChatResponseWire))]
[JsonSerializable(typeof(ChatChunkWire))]
[JsonSerializable(typeof(CompletionRequestWire))]
[JsonSerializable(typeof(CompletionResponseWire))]
[JsonSerializable(typeof(ModelListWire))]
[JsonSerializable(typeof(VllmClassifyRequestWire))]
[JsonSerializable(typeof(VllmClassifyResponseWire))]
sealed partial class OpenAIJson : JsonSerializerContext;
