using FinIntent.Checkpoints;

namespace FinIntent.Hub;

/// <summary>Chooses the files of a repository that this program reads: no other formats, and no second copy of the weights.</summary>
static class ModelFiles
{
    const string AdapterConfig = "adapter_config.json";
    const string Index = ".index.json";

    /// <summary>transformers and PEFT look for weights in this order.</summary>
    static readonly string[] Weights =
        [SafetensorsWriter.SingleName, SafetensorsWriter.IndexName, "pytorch_model.bin", "pytorch_model.bin.index.json"];
    static readonly string[] AdapterWeights = ["adapter_model.safetensors", "adapter_model.bin"];

    /// <summary>Runs and exports of this program leave these beside weights.</summary>
    static readonly string[] Records = ["run.json", "finintent.json"];

    /// <summary>Chooses config.json, the tokenizer and the weights; the weights only when config.json is here and they are of a kind that
    /// is read.</summary>
    /// <exception cref="UserErrorException">config.json says that the weights are quantised, and they are not here yet.</exception>
    public static IReadOnlyList<string> Model(HubListing listing, string folder)
    {
        var all = All(listing, folder);
        if (Checkpoint.HasWeights(folder)) return all;
        if (!Checkpoint.IsIn(folder)) return [Checkpoint.ConfigName];
        QuantizedWeights.RefuseByConfig(Checkpoint.ReadConfig(folder), $"{listing.Repository}: {Checkpoint.ConfigName}");
        return all;
    }

    static IReadOnlyList<string> All(HubListing listing, string folder)
    {
        var shape = Shape(listing, folder);
        var weights = Weights.FirstOrDefault(listing.Has) ?? throw new UserErrorException(
            $"{listing.Repository}: none of its {listing.Files.Count} files are weights that are read here " +
            $"({string.Join(", ", Weights)}); look for the repository with the 16-bit model{Others(listing)}");
        List<string> files = [.. shape, weights];
        if (weights.EndsWith(Index, StringComparison.Ordinal) && File.Exists(Path.Combine(folder, weights)))
        {
            var shards = ShardIndex.ReadMap(Path.Combine(folder, weights)).Values.Distinct().Order(StringComparer.Ordinal).ToList();
            if (shards.FirstOrDefault(shard => !listing.Has(shard)) is { } missing)
                throw new UserErrorException($"{listing.Repository}: {weights} names {missing}, which is not there");
            files.AddRange(shards);
        }
        return files;
    }

    /// <summary>Chooses config.json and the tokenizer.</summary>
    public static IReadOnlyList<string> Shape(HubListing listing, string folder)
    {
        if (!listing.Has(Checkpoint.ConfigName))
        {
            throw new UserErrorException(listing.Has(AdapterConfig)
                ? $"{listing.Repository}: this is a LoRA adapter, not a model: " +
                    "name its base model here and the adapter as adapter_name_or_path"
                : $"{listing.Repository}: there is no {Checkpoint.ConfigName} among its {listing.Files.Count} files, " +
                    $"so it is not a model in Hugging Face's format{Others(listing)}");
        }
        return [Checkpoint.ConfigName, .. Companions(listing), .. Records.Where(listing.Has)];
    }

    /// <summary>Chooses an adapter's files in PEFT's format.</summary>
    public static IReadOnlyList<string> Adapter(HubListing listing, string folder)
    {
        if (!listing.Has(AdapterConfig))
            throw new UserErrorException($"{listing.Repository}: there is no {AdapterConfig} among its {listing.Files.Count} files, " +
                "so it is not a LoRA adapter");
        var weights = AdapterWeights.FirstOrDefault(listing.Has)
            ?? throw new UserErrorException($"{listing.Repository}: an adapter without {string.Join(" or ", AdapterWeights)}");
        return [AdapterConfig, weights, .. Companions(listing), .. Records.Where(listing.Has)];
    }

    /// <summary>Chooses the files of a model or an adapter, whichever it is.</summary>
    public static IReadOnlyList<string> Either(HubListing listing, string folder) =>
        !listing.Has(Checkpoint.ConfigName) && listing.Has(AdapterConfig) ? Adapter(listing, folder) : All(listing, folder);

    /// <summary>Names that are looked for and are not there, so that Python's libraries need not ask for them.</summary>
    public static IEnumerable<string> Absent(HubListing listing) => Checkpoint.CompanionPatterns
        .Where(pattern => !pattern.Contains('*')).Append(AdapterConfig).Where(name => !listing.Has(name));

    static IEnumerable<string> Companions(HubListing listing) =>
        listing.Paths.Where(path => !path.Contains('/') && Checkpoint.CompanionPatterns.Any(pattern => HubGlob.IsMatch(pattern, path)));

    static string Others(HubListing listing) =>
        listing.Paths.Any(path => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase))
            ? " (it has GGUF files, which are not read)" : "";
}
