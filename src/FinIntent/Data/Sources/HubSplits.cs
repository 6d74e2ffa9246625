using FinIntent.Hub;

namespace FinIntent.Data.Sources;

/// <summary>Tells by their names which files are which split, as the library `datasets` does (data_files.py at 4.x).</summary>
/// <remarks>Shards data/NAME-00000-of-00001… go before folders called after a split, those before files; else all is train.</remarks>
static class HubSplits
{
    const string Separators = "-._ 0-9";
    const string Five = "[0-9][0-9][0-9][0-9][0-9]";

    static readonly (string Split, string[] Keywords)[] Keywords =
    [
        ("train", ["train", "training"]),
        ("validation", ["validation", "valid", "dev", "val"]),
        ("test", ["test", "testing", "eval", "evaluation"]),
    ];

    static readonly string[] InFileName = [$"**/{{0}}[{Separators}]*", $"**/*[{Separators}]{{0}}[{Separators}]*"];

    static readonly string[] InFolderName =
        ["**/{0}/**", $"**/{{0}}[{Separators}]*/**", $"**/*[{Separators}]{{0}}/**", $"**/*[{Separators}]{{0}}[{Separators}]*/**"];

    static readonly string[] Ignored =
        ["README.md", "config.json", "dataset_info.json", "dataset_infos.json", "dummy_data.zip", "dataset_dict.json"];

    /// <param name="folder">A folder inside the repository; "" means all of it.</param>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Of(HubListing listing, string folder)
    {
        var shards = Find(listing, folder, [$"data/*-{Five}-of-{Five}*.*"]);
        if (shards.Count > 0)
            return shards.GroupBy(path => NameOfShard(path)).ToDictionary(split => split.Key, split => (IReadOnlyList<string>)[.. split]);
        foreach (var patterns in (string[][])[InFolderName, InFileName])
        {
            var splits = Keywords.Select(split => (split.Split, Files: Find(listing, folder,
                    [.. split.Keywords.SelectMany(keyword => patterns.Select(pattern => pattern.Replace("{0}", keyword)))])))
                .Where(split => split.Files.Count > 0).ToDictionary(split => split.Split, split => split.Files);
            if (splits.Count > 0) return splits;
        }
        var all = Find(listing, folder, ["**"]);
        return all.Count > 0 ? new Dictionary<string, IReadOnlyList<string>> { ["train"] = all } : [];
    }

    /// <summary>Returns the files that patterns name, in their order and the list's; hidden ones only for a hidden pattern.</summary>
    public static IReadOnlyList<string> Find(HubListing listing, string folder, IEnumerable<string> patterns) =>
    [.. patterns.Select(pattern => Join(folder, pattern)).SelectMany(pattern =>
    {
        var regex = HubGlob.ToRegex(pattern);
        return listing.Paths.Where(path => (path == pattern || regex.IsMatch(path)) && IsWanted(path, pattern));
    }).Distinct()];

    public static string Join(string folder, string path) =>
        string.Join('/', $"{folder}/{path}".Split('/').Where(part => part is not ("" or ".")));

    static bool IsWanted(string path, string pattern)
    {
        var (name, parts, asked) = (path[(path.LastIndexOf('/') + 1)..], path.Split('/'), pattern.Split('/'));
        if (Ignored.Contains(name) && asked[^1] != name) return false;
        return parts.Count(part => part.StartsWith('.')) == asked.Count(part => part.StartsWith('.'))
            && parts.SkipLast(1).Count(IsPrivate) == asked.SkipLast(1).Count(IsPrivate);

        static bool IsPrivate(string folder) => folder.StartsWith("__", StringComparison.Ordinal);
    }

    static string NameOfShard(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name[..(name.LastIndexOf("-of-", StringComparison.Ordinal) - 6)];
    }
}
