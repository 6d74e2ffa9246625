using FinIntent.Files;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Settings;

/// <summary>One key with its value and where it stands ("train.yaml:12" or "command line").</summary>
sealed record Entry(string Key, YamlNode Value, string Place)
{
    /// <summary>YAML's spellings of null, and nothing at all.</summary>
    public bool IsNull =>
        Value is YamlScalarNode { Style: ScalarStyle.Plain or ScalarStyle.Any, Value: null or "" or "~" or "null" or "Null" or "NULL" };

    public bool IsOfCommandLine => Place == Entries.CommandLine;

    public string? Text => (Value as YamlScalarNode)?.Value;

    public UserErrorException Error(string message) => new($"{Place}: {Key}: {message}");
}

/// <summary>Reads a settings file and the command line into entries; a key of the command line replaces the file's.</summary>
static class Entries
{
    public const string CommandLine = "command line";

    public static Dictionary<string, Entry> Read(string path, IEnumerable<string> overrides)
    {
        var entries = ReadFile(path);
        foreach (var entry in overrides.Select(ReadOverride)) entries[entry.Key] = entry;
        return WithoutNulls(entries);
    }

    /// <summary>Reads a command line that has no file; the last entry of a key counts.</summary>
    public static Dictionary<string, Entry> Of(IEnumerable<string> overrides) =>
        WithoutNulls(overrides.Select(ReadOverride).GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Last()));

    /// <summary>A key that is given as null counts as not given.</summary>
    public static Dictionary<string, Entry> WithoutNulls(IReadOnlyDictionary<string, Entry> entries) =>
        entries.Where(e => !e.Value.IsNull).ToDictionary();

    /// <summary>The keys of a map inside a file.</summary>
    public static Dictionary<string, Entry> Of(YamlMappingNode map, string file) => map.Children.ToDictionary(
        pair => ((YamlScalarNode)pair.Key).Value ?? "",
        pair => new Entry(((YamlScalarNode)pair.Key).Value ?? "", pair.Value, $"{file}:{pair.Key.Start.Line}"));

    public static Dictionary<string, Entry> ReadFile(string path)
    {
        var name = Path.GetFileName(path);
        return Of(YamlFile.Map(YamlFile.Parse(TextFile.Read(path), name), name), name);
    }

    /// <summary>"key=value" of a command line.</summary>
    public static Entry ReadOverride(string argument)
    {
        var equals = argument.IndexOf('=');
        if (equals <= 0) throw new UserErrorException($"command line: expected key=value, got \"{argument}\"");
        var (key, text) = (argument[..equals].Trim().TrimStart('-').Replace('-', '_'), argument[(equals + 1)..].Trim());
        return new(key, Value(key, text), CommandLine);
    }

    // A text may begin with a bracket or a quote; everything else that does is YAML.
    static YamlNode Value(string key, string text)
    {
        var isText = SettingsFile.TextKeys.Contains(key);
        if (text is not ['[' or '{' or '"' or '\'', ..] || (isText && text[0] is '[' or '{')) return new YamlScalarNode(text);
        try
        {
            return YamlFile.Parse(text, $"command line: {key}") ?? new YamlScalarNode(text);
        }
        catch (UserErrorException) when (isText)
        {
            return new YamlScalarNode(text);
        }
    }
}
