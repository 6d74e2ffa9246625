using FinIntent.Data.Rows;
using FinIntent.Hub;

namespace FinIntent.Data.Sources;

/// <summary>Chooses the files of one subset and split of a hub's data set, as LLaMA-Factory has `datasets` do.</summary>
/// <remarks>The folder is data_dir of `datasets` and the subset its name; the split is train unless named.</remarks>
sealed class HubDataset(string? subset, string? folder, string? split)
{
    const string Card = "README.md";

    readonly string _folder = HubSplits.Join("", folder ?? "");
    readonly string _split = split ?? "train";

    /// <summary>The files of the data, in their order, that <see cref="Choose"/> found last.</summary>
    public IReadOnlyList<string> Files { get; private set; } = [];

    /// <summary>Returns the card, which can say which files are which, and, once that is there, those files too.</summary>
    public IReadOnlyList<string> Choose(HubListing listing, string folder)
    {
        var hasCard = listing.Has(Card);
        if (hasCard && !File.Exists(Path.Combine(folder, Card))) return [Card];
        Files = Readable(listing, Split(listing, hasCard ? HubCard.Read(Path.Combine(folder, Card)) : []));
        return hasCard ? [Card, .. Files] : Files;
    }

    IReadOnlyList<string> Split(HubListing listing, IReadOnlyList<CardSubset> subsets)
    {
        var chosen = Subset(listing, subsets);
        var folder = HubSplits.Join(_folder, chosen?.Folder ?? "");
        if (chosen?.Files is { } patterns)
        {
            if (!patterns.TryGetValue(_split, out var wanted)) throw NoSplit(listing, patterns.Keys);
            if (wanted.FirstOrDefault(pattern => pattern.Contains("://")) is { } address)
                throw new UserErrorException($"{listing.Repository}: the files of split {_split} are at {address}, outside the " +
                    "repository; download them and give file_name");
            var files = HubSplits.Find(listing, folder, wanted);
            return files.Count > 0 ? files
                : throw new UserErrorException(
                    $"{listing.Repository}: its card names {string.Join(", ", wanted)} for split {_split}, and there is no such file");
        }
        var splits = HubSplits.Of(listing, folder);
        if (splits.Count == 0)
            throw new UserErrorException(
                $"{listing.Repository}: there are no data files{(folder == "" ? "" : $" in its folder {folder}")}");
        return splits.TryGetValue(_split, out var found) ? found : throw NoSplit(listing, splits.Keys);
    }

    CardSubset? Subset(HubListing listing, IReadOnlyList<CardSubset> subsets)
    {
        var names = string.Join(", ", subsets.Select(s => s.Name));
        if (subset is not null && subsets.Count == 0 && subset != "default")
            throw new UserErrorException($"{listing.Repository}: it has no subsets, and subset is \"{subset}\"; remove it");
        if (subset is not null && subsets.Count > 0)
            return subsets.FirstOrDefault(s => s.Name == subset)
                ?? throw new UserErrorException($"{listing.Repository}: it has no subset \"{subset}\"; it has {names}");
        if (subsets.Count <= 1) return subsets.FirstOrDefault();
        return subsets.FirstOrDefault(s => s.IsDefault) ?? subsets.FirstOrDefault(s => s.Name == "default")
            ?? throw new UserErrorException($"{listing.Repository}: it has the subsets {names}; name one as subset");
    }

    /// <summary>Returns the files of a type that can be read; of several types the most frequent one, as `datasets` does.</summary>
    static IReadOnlyList<string> Readable(HubListing listing, IReadOnlyList<string> files)
    {
        var types = files.GroupBy(TypeOf).Where(type => type.Key is not null).ToList();
        if (types.Count == 0)
            throw new UserErrorException($"{listing.Repository}: rows are read from {DataFile.Types} files, and it has " +
                $"{string.Join(", ", files.Take(5))}; convert one and give file_name");
        return [.. types.OrderByDescending(type => type.Count()).ThenByDescending(type => type.Key == ".parquet").First()];
    }

    static string? TypeOf(string path)
    {
        var type = Path.GetExtension(path).ToLowerInvariant();
        return !DataFile.IsType(type) ? null : type == ".jsonl" ? ".json" : type;
    }

    UserErrorException NoSplit(HubListing listing, IEnumerable<string> splits) =>
        new($"{listing.Repository}: it has no split \"{_split}\"; it has {string.Join(", ", splits)}: name one as split");
}
