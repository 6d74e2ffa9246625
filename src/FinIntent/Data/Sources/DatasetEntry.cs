using System.Text.Json.Serialization;

namespace FinIntent.Data.Sources;

enum RowFormat { Alpaca, ShareGpt, OpenAi }

/// <summary>Says which column of a file is what. A map that is present names them all: what it leaves out does not exist.</summary>
sealed record DatasetColumns(
    string? Prompt = null, string? Query = null, string? Response = null, string? History = null, string? Messages = null,
    string? System = null, string? Tools = null, string? Images = null, string? Videos = null, string? Audios = null,
    string? Chosen = null, string? Rejected = null, string? KtoTag = null)
{
    public static DatasetColumns Default(RowFormat format) =>
        new("instruction", "input", "output", Messages: format == RowFormat.OpenAi ? "messages" : "conversations");
}

/// <summary>Names the keys and roles inside a message. As with the columns, a map that is present names them all.</summary>
sealed record DatasetTags(
    string? RoleTag = null, string? ContentTag = null, string? UserTag = null, string? AssistantTag = null, string? ObservationTag = null,
    string? FunctionTag = null, string? SystemTag = null)
{
    public static DatasetTags Default(RowFormat format) => format == RowFormat.OpenAi
        ? new("role", "content", "user", "assistant", "tool", "function", "system")
        : new("from", "value", "human", "gpt", "observation", "function_call", "system");
}

/// <summary>Describes a data set of dataset_info.json, with LLaMA-Factory's keys.</summary>
sealed record DatasetEntry
{
    [JsonIgnore]
    public string Name { get; init; } = "";

    /// <summary>The file or folder, when <see cref="FileName"/> is looked up in the folder of dataset_info.json.</summary>
    [JsonIgnore]
    public string Path { get; init; } = "";

    /// <summary>The files of a data set from a hub, in their order; null means what is at <see cref="Path"/>.</summary>
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

    /// <summary>The number of rows to draw at random, with repetition only where the file has fewer; null means all, in order.</summary>
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
