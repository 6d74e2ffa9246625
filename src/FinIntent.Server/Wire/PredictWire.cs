using System.ComponentModel;

namespace FinIntent.Server.Wire;

/// <summary>The texts of POST /predict: one text, or a list of lists with one text each.</summary>
/// <param name="IsOne">Says that there is one text, whose answer is not a list in a list.</param>
[JsonConverter(typeof(PredictInputsConverter))]
sealed record PredictInputs(IReadOnlyList<string> Texts, bool IsOne);

/// <summary>Reads <see cref="PredictInputs"/> as text-embeddings-inference does: ["a"] is one text, ["a", "b"] is a pair, which is
/// refused.</summary>
sealed class PredictInputsConverter : JsonConverter<PredictInputs>
{
    const string Pair = "a pair of texts, which the model does not compare; several texts are [[\"a\"], [\"b\"]]";

    public override PredictInputs Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return new([JsonTexts.Read(ref reader)], true);
        if (reader.TokenType != JsonTokenType.StartArray) throw JsonTexts.Wrong("neither a text nor a list");
        List<string> texts = [];
        var isFlat = false;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartArray && !isFlat)
            {
                reader.Read();
                texts.Add(JsonTexts.Read(ref reader));
                if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray) throw JsonTexts.Wrong(Pair);
                continue;
            }
            if (texts.Count > 0) throw JsonTexts.Wrong(isFlat ? Pair : "a list of both texts and lists");
            isFlat = true;
            texts.Add(JsonTexts.Read(ref reader));
        }
        return new(texts, isFlat);
    }

    public override void Write(Utf8JsonWriter writer, PredictInputs value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var text in value.Texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}

/// <summary>Asks for the intents of texts in the form of text-embeddings-inference: POST /predict.</summary>
sealed record PredictRequestWire
{
    [Description("\"a\" or [\"a\"] for one text; [[\"a\"], [\"b\"]] for several. A pair [\"a\", \"b\"] is refused.")]
    public required PredictInputs Inputs { get; init; }

    [Description("Cuts texts that are too long for the model; by default they are an error.")]
    public bool? Truncate { get; init; }

    [Description("The side that is cut: Right, the default, or Left.")]
    public string? TruncationDirection { get; init; }

    [Description("Answers with logarithms of the probabilities, whose softmax the scores are.")]
    public bool? RawScores { get; init; }

    [Description("A model or adapter of GET /v1/models; by default whichever was taught intents.")]
    public string? Model { get; init; }
}

/// <summary>An intent with its probability.</summary>
sealed record PredictionWire(double Score, string Label);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PredictRequestWire))]
[JsonSerializable(typeof(IReadOnlyList<PredictionWire>))]
[JsonSerializable(typeof(IReadOnlyList<IReadOnlyList<PredictionWire>>))]
sealed partial class TeiJson : JsonSerializerContext;
