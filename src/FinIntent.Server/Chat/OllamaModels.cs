using FinIntent.Server.Serving;
using FinIntent.Server.Wire;

namespace FinIntent.Server.Chat;

/// <summary>Tells of models in Ollama's words.</summary>
static class OllamaModels
{
    const string LatestTag = ":latest";

    public static string ServerVersion { get; } = typeof(OllamaModels).Assembly.GetName().Version!.ToString(3);

    /// <summary>Returns a model's name without the tag that Ollama's clients put behind it.</summary>
    public static string? NameOf(string? name) => name is not null && name.EndsWith(LatestTag, StringComparison.Ordinal)
        ? name[..^LatestTag.Length] : name;

    public static OllamaModelWire Of(ServedVersion version, ModelHost host) => new()
    {
        Name = version.Name,
        Model = version.Name,
        ModifiedAt = TimeOf(version.Loaded),
        Size = SizeOf(version.Folder),
        Digest = version.Digest,
        Details = DetailsOf(version, host),
    };

    public static OllamaShowWire Show(ServedVersion version, ModelHost host)
    {
        var (family, shape) = (host.Chat.Model.GetName(), host.Chat.Model.Shape);
        return new()
        {
            Details = DetailsOf(version, host),
            ModelInfo = new()
            {
                ["general.architecture"] = JsonSerializer.SerializeToElement(family),
                [$"{family}.context_length"] = JsonSerializer.SerializeToElement(shape.MaxPositions),
                [$"{family}.block_count"] = JsonSerializer.SerializeToElement(shape.Layers),
                [$"{family}.embedding_length"] = JsonSerializer.SerializeToElement(shape.HiddenSize),
            },
            ModifiedAt = TimeOf(version.Loaded),
        };
    }

    public static string TimeOf(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    static OllamaDetailsWire DetailsOf(ServedVersion version, ModelHost host)
    {
        var family = host.Chat.Model.GetName();
        return new()
        {
            ParentModel = version.Parent ?? "",
            Family = family,
            Families = [family],
            QuantizationLevel = host.Chat.Model.FormatName,
        };
    }

    static long SizeOf(string folder) => !Directory.Exists(folder) ? 0
        : Directory.EnumerateFiles(folder, "*.safetensors").Concat(Directory.EnumerateFiles(folder, "*.bin"))
            .Sum(file => new FileInfo(file).Length);
}
