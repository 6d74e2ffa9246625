using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using FinIntent.Intents;

namespace FinIntent.Evaluation;

/// <summary>What a model said to one question. A line of a predictions file; whoever writes such lines can be reported on.</summary>
public sealed record Prediction
{
    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required string Id { get; init; }

    public required string Question { get; init; }

    /// <summary>The right option's letter; null when nobody knows it.</summary>
    public string? Gold { get; init; }

    /// <summary>The answer as text.</summary>
    public string? Output { get; init; }

    /// <summary>The most probable letter, or without probabilities the letter the lenient rule reads. Reports read Output and Probabilities.</summary>
    public string? Choice { get; init; }

    /// <summary>Of each option's letter; they sum to 1.</summary>
    public IReadOnlyDictionary<string, double>? Probabilities { get; init; }

    /// <summary>The intent behind each letter.</summary>
    public IReadOnlyDictionary<string, string>? Options { get; init; }

    public required string Model { get; init; }

    public double? Seconds { get; init; }

    /// <summary>Of the question with its instruction, as an API counts them.</summary>
    public long? InputTokens { get; init; }

    public long? OutputTokens { get; init; }

    /// <summary>Why an API's answer ended before its end: length, content_filter or the server's word.</summary>
    public string? Finish { get; init; }

    /// <summary>A line, without its end.</summary>
    public string ToLine() => JsonSerializer.Serialize(this, Json);

    /// <exception cref="UserErrorException">The line is no prediction; <paramref name="place"/> says where it stands.</exception>
    public static Prediction Parse(string line, string place)
    {
        try
        {
            return JsonSerializer.Deserialize<Prediction>(line, Json)!;
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{place}: not a prediction {{\"id\", \"question\", \"model\", …}}: {e.Message}", e);
        }
    }

    /// <summary>The intents behind the letters as a list; without "options" the letters of the probabilities, or A to E.</summary>
    [JsonIgnore]
    public IReadOnlyList<IntentOption> OptionList =>
        Options is not null ? [.. Options.Select(o => new IntentOption(o.Key[0], o.Value))]
        : [.. (Probabilities?.Keys ?? (IEnumerable<string>)["A", "B", "C", "D", "E"]).Select(letter => new IntentOption(letter[0], letter))];

    public static string? ChoiceOf(string? output, IReadOnlyDictionary<string, double>? probabilities, IReadOnlyList<IntentOption> options)
    {
        if (probabilities is not null) return options[ProbabilityScores.Best([.. options.Select(o => probabilities[o.Letter.ToString()])])].Letter.ToString();
        return output is null ? null : AnswerReading.Read(output, ReadingRule.Lenient, options)?.ToString();
    }
}
