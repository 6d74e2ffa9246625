using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FinIntent.Authoring;

enum JournalKind
{
    /// <summary>Before a request is sent: it counts as its most from here on.</summary>
    Sent,

    /// <summary>Its answer: what it really took counts instead.</summary>
    Answer,

    /// <summary>It was sent and not answered, and the server charges nothing for that: it counts as nothing.</summary>
    Free,

    /// <summary>No attempt brought an answer, and the run went on without one.</summary>
    Failed,

    /// <summary>A person has decided about a row that was set aside.</summary>
    Decision,
}

/// <summary>A line of the journal. Which of the rest a kind has is what it needs.</summary>
sealed record JournalRecord(JournalKind Kind, string Id, DateTimeOffset Time)
{
    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public string? Model { get; init; }

    /// <summary>The prompt's name, and its text with its SHA-256.</summary>
    public string? Prompt { get; init; }

    public string? PromptSha256 { get; init; }

    public string? System { get; init; }

    public string? User { get; init; }

    /// <summary>The questions that a judge is asked about.</summary>
    public IReadOnlyList<string>? Questions { get; init; }

    /// <summary>Sent: at most. Answer: really.</summary>
    public decimal? Cost { get; init; }

    public long? Tokens { get; init; }

    public string? Text { get; init; }

    public string? Finish { get; init; }

    public long? InputTokens { get; init; }

    public long? OutputTokens { get; init; }

    public double? Seconds { get; init; }

    /// <summary>Decision: the question as the person left it, and its intent; null: it is dropped.</summary>
    public string? Question { get; init; }

    public string? Intent { get; init; }

    /// <summary>Decision: the round that it precedes.</summary>
    public int? Round { get; init; }

    /// <summary>Free and failed: why.</summary>
    public string? Reason { get; init; }

    [JsonIgnore]
    public Amount Amount => new(Cost ?? 0, Tokens ?? 0, 1);

    public string ToLine() => JsonSerializer.Serialize(this, Options);

    public static JournalRecord Parse(string line, string place)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalRecord>(line, Options)!;
        }
        catch (JsonException e)
        {
            throw new UserErrorException($"{place}: not a line of a journal: {e.Message} Set overwrite_output_dir: true to start anew", e);
        }
    }
}
