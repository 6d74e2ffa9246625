using System.Text.Json.Serialization;

namespace FinIntent.Data.Sources;

enum RowFormat
{
    Alpaca,
    ShareGpt,
    OpenAi,
}

/// <summary>Which column of a file is what. A map that is present names them all: what it leaves out does not exist.</summary>
sealed record DatasetColumns
{
    public string? Prompt { get; init; }
    public string? Query { get; init; }
    public string? Response { get; init; }
    public string? History { get; init; }
    public string? Messages { get; init; }
    public string? System { get; init; }
    public string? Tools { get; init; }
    public string? Images { get; init; }
    public string? Videos { get; init; }
    public string? Audios { get; init; }
    public string? Chosen { get; init; }
    public string? Rejected { get; init; }
    public string? KtoTag { get; init; }

    public static DatasetColumns Default(RowFormat format) => new()
    {
        Prompt = "instruction",
        Query = "input",
        Response = "output",
        Messages = format == RowFormat.OpenAi ? "messages" : "conversations",
    };
}

/// <summary>The keys and role names inside a message. As with the columns, a map that is present names them all.</summary>
sealed record DatasetTags
{
    public string? RoleTag { get; init; }
    public string? ContentTag { get; init; }
    public string? UserTag { get; init; }
    public string? AssistantTag { get; init; }
    public string? ObservationTag { get; init; }
    public string? FunctionTag { get; init; }
    public string? SystemTag { get; init; }

    public static DatasetTags Default(RowFormat format) => format == RowFormat.OpenAi
        ? new()
        {
            RoleTag = "role",
            ContentTag = "content",
            UserTag = "user",
            AssistantTag = "assistant",
            ObservationTag = "tool",
            FunctionTag = "function",
            SystemTag = "system",
        }
        : new()
        {
            RoleTag = "from",
            ContentTag = "value",
            UserTag = "human",
            AssistantTag = "gpt",
            ObservationTag = "observation",
            FunctionTag = "function_call",
            SystemTag = "system",
        };
}

/// <summary>One data set of dataset_info.json, with LLaMA-Factory's keys.</summary>
sealed record DatasetEntry
{
    [JsonIgnore]
    public string Name { get; init; } = "";

    /// <summary>The file or folder, when <see cref="FileName"/> is looked up in the folder of dataset_info.json.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";

    /// <summary>Of a data set from a hub: its files, in their order; null: what is at <see cref="Path"/>.</summary>
    [JsonIgnore]
    public IReadOnlyList<string>? Files { get; init; }

    public string? HfHubUrl { get; init; }
    public string? MsHubUrl { get; init; }
    public string? OmHubUrl { get; init; }
    public string? ScriptUrl { get; init; }
    public string? CloudFileName { get; init; }
    public string? FileName { get; init; }
    public string? Formatting { get; init; }
    public bool Ranking { get; init; }
    public string? Subset { get; init; }
    public string? Split { get; init; }
    public string? Folder { get; init; }

    /// <summary>Rows drawn at random, with repetition only where the file has fewer; null: all, in their order.</summary>
    public int? NumSamples { get; init; }

    public DatasetColumns? Columns { get; init; }
    public DatasetTags? Tags { get; init; }

    [JsonIgnore]
    public RowFormat Format { get; init; }

    /// <summary><see cref="Columns"/>, or the defaults of the format.</summary>
    [JsonIgnore]
    public DatasetColumns ColumnNames { get; init; } = new();

    /// <summary><see cref="Tags"/>, or the defaults of the format.</summary>
    [JsonIgnore]
    public DatasetTags TagNames { get; init; } = new();
}
