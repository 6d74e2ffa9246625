using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using FinIntent.Files;

namespace FinIntent.Authoring;

enum JournalKind
{
    /// <summary>A request is about to be sent; it counts as its most from here on.</summary>
    Sent,

    /// <summary>A request was answered; what it really took counts instead.</summary>
    Answer,

    /// <summary>A request was sent and not answered, and the server charges nothing for that: it counts as nothing.</summary>
    Free,

    /// <summary>No attempt brought an answer, and the run went on without one.</summary>
    Failed,

    /// <summary>A person has decided about a row that was set aside.</summary>
    Decision,
}

/// <summary>A line of the journal; each kind has only those of the other fields that it needs.</summary>
sealed record JournalRecord(JournalKind Kind, string Id, DateTimeOffset Time)
{
    static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public string? Model { get; init; }

    /// <summary>The prompt's name; its text and SHA-256 follow.</summary>
    public string? Prompt { get; init; }

    public string? PromptSha256 { get; init; }
    public string? System { get; init; }
    public string? User { get; init; }

    /// <summary>The questions that a judge is asked about.</summary>
    public IReadOnlyList<string>? Questions { get; init; }

    /// <summary>The most that a sent request can cost, or what its answer really cost.</summary>
    public decimal? Cost { get; init; }

    public long? Tokens { get; init; }
    public string? Text { get; init; }
    public string? Finish { get; init; }
    public long? InputTokens { get; init; }
    public long? OutputTokens { get; init; }
    public double? Seconds { get; init; }

    /// <summary>In a decision, the question as the person left it; a null intent drops the row.</summary>
    public string? Question { get; init; }

    public string? Intent { get; init; }

    /// <summary>In a decision, the round that it precedes.</summary>
    public int? Round { get; init; }

    /// <summary>The reason of a free or failed request.</summary>
    public string? Reason { get; init; }

    [JsonIgnore]
    public Amount Amount => new(Cost ?? 0, Tokens ?? 0, 1);

    public string ToLine() => JsonSerializer.Serialize(this, Options);

    public static JournalRecord Parse(string line, string place)
    {
        try
        {
            return JsonBinding.Bind<JournalRecord>(JsonText.Element(Encoding.UTF8.GetBytes(line), place, firstLine: 0), Options, place);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{e.Message}; set overwrite_output_dir: true to start anew", e);
        }
    }
}
