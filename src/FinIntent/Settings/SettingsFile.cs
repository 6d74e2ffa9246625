using System.Reflection;
using FinIntent.Files;

namespace FinIntent.Settings;

/// <summary>A settings file with the command line's `key=value` applied, divided as LLaMA-Factory's example files are.</summary>
sealed record SettingsFile
{
    public required string Path { get; init; }
    public ModelSettings Model { get; init; } = new();
    public MethodSettings Method { get; init; } = new();
    public DatasetSettings Dataset { get; init; } = new();
    public OutputSettings Output { get; init; } = new();
    public TrainSettings Train { get; init; } = new();
    public EvaluationSettings Evaluation { get; init; } = new();
    public GenerationSettings Generation { get; init; } = new();
    public ExportSettings Export { get; init; } = new();
    public InferenceSettings Inference { get; init; } = new();
    public CalibrationSettings Calibration { get; init; } = new();
    public ApiSettings Api { get; init; } = new();
    public GenerateSettings Generate { get; init; } = new();
    public ClassifySettings Classify { get; init; } = new();

    /// <summary>Keys that were given and change nothing here; a host lists them once.</summary>
    public required IReadOnlyList<string> Harmless { get; init; }

    /// <summary>Keys that were given, with the place of each.</summary>
    public required IReadOnlyDictionary<string, string> Given { get; init; }

    /// <summary>The properties above that hold a settings record; a new section is one more of them.</summary>
    static readonly PropertyInfo[] Sections =
        [.. typeof(SettingsFile).GetProperties().Where(p => p.PropertyType.Namespace == typeof(SettingsFile).Namespace)];

    static IEnumerable<PropertyInfo> Properties => Sections.SelectMany(section => Binding.PropertiesOf(section.PropertyType));

    /// <summary>The keys that have an effect.</summary>
    public static IEnumerable<string> Keys => Properties.Select(Binding.KeyOf);

    /// <summary>The keys whose value is a text, taken as it stands on the command line: a question may begin with a bracket.</summary>
    internal static IReadOnlySet<string> TextKeys { get; } =
        Properties.Where(p => p.PropertyType == typeof(string)).Select(Binding.KeyOf).ToHashSet();

    /// <exception cref="UserErrorException">Names the file, the line, the key and what is allowed, for all that is wrong.</exception>
    public static SettingsFile Load(string path, IEnumerable<string> overrides) => Of(path, Entries.Read(path, overrides));

    /// <summary>The same from entries that a file of another kind holds.</summary>
    internal static SettingsFile Of(string path, IReadOnlyDictionary<string, Entry> entries)
    {
        var (settings, problems) = Inspect(path, entries);
        return problems.Count == 0 ? settings : throw new UserErrorException(string.Join('\n', problems));
    }

    /// <summary>The settings, with all that is wrong with them; a key that is wrong has its default.</summary>
    /// <exception cref="UserErrorException">The file, or a part of the command line, is no list of keys and values.</exception>
    public static (SettingsFile Settings, IReadOnlyList<string> Problems) Inspect(string path, IEnumerable<string> overrides) =>
        Inspect(path, Entries.Read(path, overrides));

    static (SettingsFile Settings, IReadOnlyList<string> Problems) Inspect(string path, IReadOnlyDictionary<string, Entry> entries)
    {
        var keys = Keys.ToHashSet();
        List<string> problems = [];
        foreach (var entry in entries.Values) UserErrorException.Note(() => Check(entry, keys), problems);

        var settings = new SettingsFile
        {
            Path = path,
            Harmless = [.. entries.Keys.Where(OtherKeys.Harmless.Contains)],
            Given = entries.ToDictionary(e => e.Key, e => e.Value.Place),
        };
        foreach (var section in Sections) section.SetValue(settings, Binding.Bind(section.PropertyType, entries, problems));
        // What keys demand of each other says nothing while some of them are not what was meant.
        if (problems.Count == 0) CrossChecks.Check(settings, problems);
        return (settings, problems);
    }

    /// <summary>Every key that has an effect, with its value.</summary>
    public IReadOnlyDictionary<string, object?> Resolved() =>
        Sections.SelectMany(section => Binding.Resolved(section.GetValue(this)!)).ToDictionary();

    static void Check(Entry entry, HashSet<string> keys)
    {
        if (keys.Contains(entry.Key) || OtherKeys.Harmless.Contains(entry.Key)) return;
        if (!OtherKeys.Refused.TryGetValue(entry.Key, out var refusal))
        {
            var nearest = EditDistance.Nearest(entry.Key, keys.Concat(OtherKeys.Harmless).Concat(OtherKeys.Refused.Keys));
            throw new UserErrorException($"{entry.Place}: unknown key \"{entry.Key}\"; did you mean \"{nearest}\"?");
        }
        if (!IsNeutral(entry.Text, refusal.Default)) throw entry.Error($"not supported: {refusal.Reason}");
    }

    static bool IsNeutral(string? text, string neutral)
    {
        if (text is null) return false;
        if (text.Equals("false", StringComparison.OrdinalIgnoreCase) || text == neutral) return true;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var a)
            && double.TryParse(neutral, NumberStyles.Float, CultureInfo.InvariantCulture, out var b) && a == b;
    }
}
