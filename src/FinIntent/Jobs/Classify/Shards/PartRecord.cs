using System.Text.Json.Serialization;
using FinIntent.Data.Tables;
using FinIntent.Files;

namespace FinIntent.Jobs.Classify.Shards;

/// <summary>Says what a part of a table is, in PART.done beside it: it is whole, and these are its rows, answers and origins.</summary>
sealed record PartRecord
{
    public required int Shard { get; init; }
    public required int Shards { get; init; }

    /// <summary>How many rows of the input come before the part's.</summary>
    public required long FirstRow { get; init; }

    public required long Rows { get; init; }

    /// <summary>The rows of the whole input.</summary>
    public required long InputRows { get; init; }

    /// <summary>The part's name in its folder.</summary>
    public required string Output { get; init; }

    /// <summary>The digest (XXH128) of the part.</summary>
    public required string OutputDigest { get; init; }

    /// <summary>All that the answers depend on: digests of input, model and calibration, and the settings.</summary>
    public required JsonObject Run { get; init; }

    /// <summary>The columns of the part.</summary>
    public required IReadOnlyList<TableColumn> Columns { get; init; }

    public required ClassifyTotals Totals { get; init; }

    static readonly JsonSerializerOptions Json = new(JsonFile.Indented)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter<ColumnKind>(JsonNamingPolicy.SnakeCaseLower) },
        RespectNullableAnnotations = true,
    };

    public static string PathIn(string folder, Shard shard) => Path.Combine(folder, shard.Name + ".done");

    /// <summary>Writes the record. It is there whole or not at all.</summary>
    public void Write(string folder) => JsonFile.Write(PathIn(folder, new(Shard, Shards)),
        JsonSerializer.SerializeToNode(this, Json)!.AsObject(), FormatVersion.Part);

    /// <exception cref="UserErrorException">The file is no record, or one of a newer version.</exception>
    public static PartRecord Read(string path)
    {
        using var json = JsonFile.Read(path, FormatVersion.Part);
        try
        {
            return JsonBinding.Bind<PartRecord>(json.RootElement, Json, path);
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException($"{e.Message}; run its shard again", e);
        }
    }

    /// <summary>Says whether the part beside the record is what the record says.</summary>
    public bool Fits(string folder) =>
        File.Exists(Path.Combine(folder, Output)) && FileFingerprint.Of(Path.Combine(folder, Output)) == OutputDigest;
}
