using System.ComponentModel;

namespace FinIntent.Server.Wire;

/// <summary>Asks for the intents of texts: POST /v1/intent/classify.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
sealed record IntentRequest
{
    [Description("One text, or a list of texts and of objects {\"text\", \"id\", \"history\"}; a history is a list of [question, answer].")]
    public required InputTexts Input { get; init; }

    [Description("The adapter that answers, or the model; by default whichever was taught intents. name@version insists on a version.")]
    public string? Adapter { get; init; }

    [Description("The same as adapter, for clients that always name a model.")]
    public string? Model { get; init; }

    [Description("One of the model's label sets, by name; by default the first.")]
    public string? IntentSet { get; init; }

    [Description("Labels or intents to choose from; by default all of the set. Probabilities are renormalised over them.")]
    public IReadOnlyList<string>? Labels { get; init; }

    [Description("So many of the most probable intents are listed; by default all.")]
    public int? TopK { get; init; }

    [Description("An answer with a smaller probability is marked as abstained.")]
    public double? Threshold { get; init; }

    [Description("False answers with the model's own probabilities and withholds nothing.")]
    public bool Calibrated { get; init; } = true;

    [Description("After so many milliseconds the answer is of no use: 504, and nothing is computed for it any more.")]
    public int? DeadlineMs { get; init; }

    [Description("What the caller knows the request by; the answer repeats it.")]
    public string? Id { get; init; }
}

/// <summary>An intent with its probability.</summary>
sealed record IntentProbability(string Intent, string Label, double Probability, double Logprob);

/// <summary>The intent of a text, under the names that files and the library have.</summary>
sealed record IntentAnswerWire
{
    public int Index { get; init; }
    public string? Id { get; init; }
    public required string Intent { get; init; }
    public required string Label { get; init; }
    public double Probability { get; init; }
    public double Margin { get; init; }

    [Description("Whether not to act upon the answer; null where there is neither a calibration nor a threshold.")]
    public bool? Abstained { get; init; }

    [Description("low_probability or out_of_scope; null where the answer is given.")]
    public string? AbstentionReason { get; init; }

    [Description("The intents among which the right one is with the calibration's coverage; null without a calibration.")]
    public IReadOnlyList<string>? PredictionSet { get; init; }
    public double? OutOfScopeScore { get; init; }

    [Description("The most probable first.")]
    public required IReadOnlyList<IntentProbability> Probabilities { get; init; }

    [Description("The tokens that the model read.")]
    public int Tokens { get; init; }
}

sealed record IntentUsage(int PromptTokens, int TotalTokens);

/// <summary>Where the time went, in milliseconds; of several texts the longest.</summary>
sealed record IntentTimings(double TokenizeMs, double QueueMs, double ComputeMs, double TotalMs);

/// <summary>The answer of POST /v1/intent/classify.</summary>
sealed record IntentResponse
{
    public string? Id { get; init; }
    public string Object { get; init; } = "intent.classification";
    public required string Model { get; init; }

    [Description("The adapter that answered; null where the model itself did.")]
    public string? Adapter { get; init; }

    [Description("The first digits of the SHA-256 of what answered: weights, label sets and calibration.")]
    public required string AdapterVersion { get; init; }

    [Description("The calibration that the probabilities are made with; null: they are the model's own.")]
    public string? Calibration { get; init; }
    public required string IntentSet { get; init; }
    public required IReadOnlyList<IntentAnswerWire> Results { get; init; }
    public required IntentUsage Usage { get; init; }
    public required IntentTimings Timings { get; init; }
}

/// <summary>Says whether the server is alive, or ready.</summary>
sealed record HealthWire(string Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(IntentRequest))]
[JsonSerializable(typeof(IntentResponse))]
[JsonSerializable(typeof(HealthWire))]
[JsonSerializable(typeof(AdapterPut))]
[JsonSerializable(typeof(AdapterWire))]
[JsonSerializable(typeof(AdapterList))]
sealed partial class IntentJson : JsonSerializerContext;
