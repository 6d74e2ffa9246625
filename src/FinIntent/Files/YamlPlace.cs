using YamlDotNet.RepresentationModel;

namespace FinIntent.Files;

/// <summary>A map of a YAML file, whose values' errors name file, line and key.</summary>
sealed record YamlPlace(string Path, YamlMappingNode Map)
{
    public long Line => Map.Start.Line;

    public UserErrorException Error(string key, string message) =>
        Error(Map.Children.Keys.FirstOrDefault(k => k is YamlScalarNode { Value: var value } && value == key) ?? Map, key, message);

    UserErrorException Error(YamlNode node, string key, string message) => new($"{Path}:{node.Start.Line}: {key}: {message}");

    public void RefuseUnknown(IReadOnlyList<string> known)
    {
        foreach (var node in Map.Children.Keys)
        {
            var key = (node as YamlScalarNode)?.Value ?? throw new UserErrorException($"{Path}:{node.Start.Line}: a key must be a word");
            if (known.Contains(key)) continue;
            throw new UserErrorException(
                $"{Path}:{node.Start.Line}: unknown key \"{TerminalText.Short(key)}\"{EditDistance.Hint(key, known)}");
        }
    }

    /// <summary>Null when the key is absent or empty.</summary>
    public string? Text(string key) => Value(key) switch
    {
        null => null,
        YamlScalarNode { Value: { } text } => string.IsNullOrWhiteSpace(text) ? null : text,
        _ => throw Error(key, "expected a text, got a list or a map"),
    };

    public string Required(string key) => Text(key)?.Trim() ?? throw Error(key, "it is missing");

    public T Choice<T>(string key, params (string Word, T Value)[] choices)
    {
        var word = Required(key);
        var words = string.Join(", ", choices.Select(c => c.Word));
        var found = choices.Where(c => c.Word == word).ToList();
        return found.Count == 1 ? found[0].Value : throw Error(key, $"\"{word}\" is not one of {words}");
    }

    public IReadOnlyList<string> Texts(string key) => [.. Items(key).Select(item =>
        item is YamlScalarNode { Value: { } text } && text.Trim().Length > 0 ? text.Trim()
            : throw Error(item, key, "expected a text; one with a colon or a bracket must stand in quotes"))];

    public IReadOnlyList<YamlPlace> Maps(string key) => [.. Items(key).Select(item =>
        item is YamlMappingNode map ? this with { Map = map }
            : throw Error(item, key, "expected a map that begins with `name: …`"))];

    IList<YamlNode> Items(string key) => Value(key) switch
    {
        null or YamlScalarNode { Value: null or "" } => [],
        YamlSequenceNode list => list.Children,
        _ => throw Error(key, "expected a list"),
    };

    YamlNode? Value(string key) => Map.Children.FirstOrDefault(p => p.Key is YamlScalarNode { Value: var value } && value == key).Value;
}
