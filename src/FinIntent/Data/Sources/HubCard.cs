using FinIntent.Files;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Data.Sources;

/// <summary>Describes a subset of a data set on a hub, as its card says.</summary>
/// <param name="Files">The patterns of the files by split; null means the usual ones.</param>
sealed record CardSubset(string Name, bool IsDefault, string? Folder, IReadOnlyDictionary<string, IReadOnlyList<string>>? Files);

/// <summary>Reads the `configs` in the YAML at the beginning of a README.md, as the library `datasets` does.</summary>
static class HubCard
{
    const string Fence = "---";

    public static IReadOnlyList<CardSubset> Read(string path)
    {
        if (!File.Exists(path)) return [];
        var lines = TextFile.Read(path).Split('\n').Select(line => line.TrimEnd('\r')).ToList();
        var end = lines.Count > 0 && lines[0] == Fence ? lines.IndexOf(Fence, 1) : -1;
        if (end < 0) return [];
        return YamlFile.Parse(string.Join('\n', lines[1..end]), path, firstLine: 2) is YamlMappingNode root
            && Of(root, "configs") is YamlSequenceNode configs ? [.. configs.OfType<YamlMappingNode>().Select(Subset)] : [];
    }

    static CardSubset Subset(YamlMappingNode config) =>
        new(Text(config, "config_name") ?? "default", Text(config, "default") is "true" or "True", Text(config, "data_dir"),
        Of(config, "data_files") switch
        {
            null => null,
            YamlScalarNode one => Train([one.Value ?? ""]),
            YamlMappingNode splits => splits.Children.DistinctBy(split => split.Key.ToString())
                .ToDictionary(split => split.Key.ToString(), split => Patterns(split.Value)),
            YamlSequenceNode list when list.Children.All(item => item is YamlMappingNode) =>
                list.OfType<YamlMappingNode>().GroupBy(item => Text(item, "split") ?? "train")
                    .ToDictionary(split => split.Key, split =>
                        (IReadOnlyList<string>)[.. split.SelectMany(item => Patterns(Of(item, "path")))]),
            var list => Train(Patterns(list)),
        });

    static Dictionary<string, IReadOnlyList<string>> Train(IReadOnlyList<string> patterns) => new() { ["train"] = patterns };

    static IReadOnlyList<string> Patterns(YamlNode? node) => node switch
    {
        YamlScalarNode { Value: { } text } => [text],
        YamlSequenceNode list => [.. list.OfType<YamlScalarNode>().Select(item => item.Value ?? "")],
        _ => [],
    };

    static YamlNode? Of(YamlMappingNode map, string key) => map.Children.FirstOrDefault(pair => pair.Key.ToString() == key).Value;

    static string? Text(YamlMappingNode map, string key) => (Of(map, key) as YamlScalarNode)?.Value;
}
