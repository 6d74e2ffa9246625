using FinIntent.Files;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Settings;

/// <summary>Says what a key of LLaMA-Factory does here.</summary>
enum KeyEffect
{
    /// <summary>A settings record has it.</summary>
    Used,

    /// <summary>It changes nothing here.</summary>
    Ignored,

    /// <summary>It belongs to a feature that is not here, and so changes nothing while that is off.</summary>
    Part,

    /// <summary>It is accepted at its default only.</summary>
    Refused,

    /// <summary>It is the old name of another key.</summary>
    Renamed,
}

/// <param name="Default">LLaMA-Factory's default, as a settings file writes it.</param>
/// <param name="Feature">The feature to which it belongs, in words; empty when it stands for itself.</param>
/// <param name="Reason">Why it has this effect. Of a part it is the key that turns the feature on, of an old name the new one.</param>
sealed record LlamaFactoryKey(string Name, KeyEffect Effect, string Default, string Feature, string Reason)
{
    /// <summary>Says whether a value is the default, or as good: where that is null or false, every way to say nothing is.</summary>
    public bool IsDefault(YamlNode value)
    {
        var isOff = Default is "null" or "false" or "\"\"" or "[]";
        if (value is YamlSequenceNode { Children.Count: 0 } or YamlMappingNode { Children.Count: 0 }) return isOff;
        if (value is not YamlScalarNode { Value: { } text }) return false;
        if (Binding.Boolean(text) is { } flag) return flag ? Default == "true" : isOff;
        return text.Length == 0 || text == Default || Number(text) is { } number && number == Number(Default);
    }

    static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}

/// <summary>The keys that LLaMA-Factory's parser takes, those that it took once, and what each does here.</summary>
/// <remarks>llamafactory-keys.tsv holds the former, brought up to date by tools/make_key_table.py, and older-keys.tsv the latter.</remarks>
static class LlamaFactoryKeys
{
    /// <summary>The keys of LLaMA-Factory 0.9.5.</summary>
    public static IReadOnlyDictionary<string, LlamaFactoryKey> Current { get; } = Read("Settings.llamafactory-keys.tsv");

    /// <summary>The keys of earlier versions.</summary>
    public static IReadOnlyDictionary<string, LlamaFactoryKey> Older { get; } = Read("Settings.older-keys.tsv");

    /// <summary>Values that LLaMA-Factory has and this program does not, each with what to do instead (other-values.tsv).</summary>
    public static IReadOnlyDictionary<(string Key, string Value), string> RefusedValues { get; } =
        Resource.Rows("Settings.other-values.tsv").ToDictionary(row => (row[0], row[1]), row => row[2]);

    public static IEnumerable<string> Names => Current.Keys.Concat(Older.Keys);

    /// <summary>Returns what is known of a key; null when no version of LLaMA-Factory had it.</summary>
    public static LlamaFactoryKey? Find(string name) => Current.GetValueOrDefault(name) ?? Older.GetValueOrDefault(name);

    static Dictionary<string, LlamaFactoryKey> Read(string resource) => Resource.Rows(resource)
        .Select(row => new LlamaFactoryKey(row[0], Enum.Parse<KeyEffect>(row[1], ignoreCase: true), row[2], row[3], row[4]))
        .ToDictionary(key => key.Name);
}
