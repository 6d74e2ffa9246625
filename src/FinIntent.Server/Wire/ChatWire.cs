using System.ComponentModel;

namespace FinIntent.Server.Wire;

/// <summary>A message of a conversation.</summary>
sealed record ChatMessageWire
{
    [Description("system (or developer), user or assistant.")]
    public required string Role { get; init; }

    [Description("A text, or a list of parts {\"type\": \"text\", \"text\": …}.")]
    public TextContent? Content { get; init; }

    /// <summary>Everything else: tool calls, pictures and sounds are refused by name, the rest is ignored.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Says what a stream tells besides text.</summary>
sealed record StreamOptionsWire
{
    [Description("Adds a last chunk with the usage.")]
    public bool? IncludeUsage { get; init; }
}

/// <summary>vLLM's way to say what an answer may be.</summary>
sealed record StructuredOutputsWire
{
    [Description("The answers to choose from: 2 to 1,000 texts. They are scored exactly, and the most probable is the answer.")]
    public IReadOnlyList<string>? Choice { get; init; }

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>OpenAI's way to say what an answer may be.</summary>
sealed record ResponseFormatWire
{
    [Description("text, or json_schema.")]
    public required string Type { get; init; }

    [Description("{\"name\", \"schema\"}: the schema is an enum, or an object with one property that is an enum.")]
    public JsonElement? JsonSchema { get; init; }
}

/// <summary>What every request that generates may say of how tokens are drawn.</summary>
abstract record SamplingWire
{
    [Description("A model or adapter of GET /v1/models, with @version behind it where only that one will do; by default whichever was " +
        "taught intents.")]
    public string? Model { get; init; }

    [Description("0 takes always the most probable token. By default 1.")]
    public double? Temperature { get; init; }

    [Description("Of the most probable tokens, the fewest that together reach this share may be drawn. By default 1.")]
    public double? TopP { get; init; }

    [Description("Only so many of the most probable tokens may be drawn; 0 or -1 means all, the default.")]
    public int? TopK { get; init; }

    [Description("Divides scores of tokens that have occurred; 1 is the default and changes nothing.")]
    public double? RepetitionPenalty { get; init; }

    [Description("Equal seeds give equal answers.")]
    public long? Seed { get; init; }

    [Description("One text or up to 16; the answer ends before the first that occurs.")]
    public TextList? Stop { get; init; }

    [Description("The most tokens of an answer.")]
    public int? MaxTokens { get; init; }

    [Description("Sends the answer as it is made, as server-sent events.")]
    public bool? Stream { get; init; }
    public StreamOptionsWire? StreamOptions { get; init; }

    [Description("Only 1 is supported.")]
    public int? N { get; init; }

    [Description("After so many milliseconds the answer is of no use: 504, and nothing is computed for it any more.")]
    public int? DeadlineMs { get; init; }

    /// <summary>Everything else: what would change the answer is refused by name, the rest is ignored.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Asks for an answer in a conversation: POST /v1/chat/completions.</summary>
sealed record ChatRequestWire : SamplingWire
{
    [Description("A system's first, if any; then a user's and the assistant's in turn, a user's last.")]
    public required IReadOnlyList<ChatMessageWire> Messages { get; init; }

    [Description("The most tokens of the answer; by default 1,024.")]
    public int? MaxCompletionTokens { get; init; }

    [Description("Tells the log-probability of each token, of the model's own distribution: at temperature 1, before top_k and top_p.")]
    public bool? Logprobs { get; init; }

    [Description("So many of the most probable tokens are told beside each one, 0 to 20.")]
    public int? TopLogprobs { get; init; }
    public StructuredOutputsWire? StructuredOutputs { get; init; }

    [Description("The same as structured_outputs.choice, for older clients of vLLM.")]
    public IReadOnlyList<string>? GuidedChoice { get; init; }
    public ResponseFormatWire? ResponseFormat { get; init; }
}

/// <summary>A token that could have stood in a place.</summary>
sealed record TopLogprobWire(string Token, double Logprob, IReadOnlyList<int>? Bytes);

/// <summary>A token of an answer. Where it is a part of a character, token is bytes:\x…; a special token has no bytes.</summary>
sealed record TokenLogprobWire(string Token, double Logprob, IReadOnlyList<int>? Bytes, IReadOnlyList<TopLogprobWire> TopLogprobs);

/// <summary>The tokens of an answer.</summary>
sealed record LogprobsWire(IReadOnlyList<TokenLogprobWire> Content)
{
    public IReadOnlyList<TokenLogprobWire>? Refusal { get; init; }
}

/// <summary>A choice with how probable it is as the answer.</summary>
sealed record ScoredChoiceWire(
    int Index, string Choice, [property: Description("Among the choices; they sum to 1.")] double Probability,
    [property: Description("Under the model's whole vocabulary: the sum over the choice's tokens.")] double Logprob);

/// <summary>What FinIntent tells beyond OpenAI's fields.</summary>
sealed record ChoicesWire([property: Description("In the order of the request.")] IReadOnlyList<ScoredChoiceWire> Choices);

sealed record UsageWire(int PromptTokens, int CompletionTokens, int TotalTokens)
{
    public static UsageWire Of(int prompt, int completion) => new(prompt, completion, prompt + completion);
}

sealed record AnswerMessageWire(string Role, string Content)
{
    public string? Refusal { get; init; }
}

sealed record ChatChoiceWire(int Index, AnswerMessageWire Message, LogprobsWire? Logprobs, string FinishReason);

/// <summary>The answer of POST /v1/chat/completions.</summary>
sealed record ChatResponseWire
{
    public required string Id { get; init; }
    public string Object { get; init; } = "chat.completion";
    public long Created { get; init; }
    public required string Model { get; init; }

    [Description("The version of what answered: the first digits of the SHA-256 of weights, label sets and calibration.")]
    public required string SystemFingerprint { get; init; }
    public required IReadOnlyList<ChatChoiceWire> Choices { get; init; }
    public required UsageWire Usage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChoicesWire? Finintent { get; init; }
}

sealed record DeltaWire
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Role { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Content { get; init; }
}

sealed record ChunkChoiceWire(int Index, DeltaWire Delta, LogprobsWire? Logprobs, string? FinishReason);

/// <summary>A piece of a streamed answer.</summary>
sealed record ChatChunkWire
{
    public required string Id { get; init; }
    public string Object { get; init; } = "chat.completion.chunk";
    public long Created { get; init; }
    public required string Model { get; init; }
    public required string SystemFingerprint { get; init; }
    public required IReadOnlyList<ChunkChoiceWire> Choices { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public UsageWire? Usage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ChoicesWire? Finintent { get; init; }
}
