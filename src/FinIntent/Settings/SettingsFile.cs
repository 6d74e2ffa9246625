using System.Reflection;

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

    /// <summary>What a host tells once: keys that were read under another name, and those that change nothing here.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

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

    internal static (SettingsFile Settings, IReadOnlyList<string> Problems) Inspect(
        string path, IReadOnlyDictionary<string, Entry> entries)
    {
        List<string> problems = [];
        var given = new GivenKeys(entries, Keys.ToHashSet(), problems);
        var settings = new SettingsFile
        {
            Path = path,
            Notes = given.Notes,
            Given = given.Entries.ToDictionary(e => e.Key, e => e.Value.Place),
        };
        foreach (var section in Sections) section.SetValue(settings, Binding.Bind(section.PropertyType, given.Entries, problems));
        // What keys demand of each other says nothing while some of them are not what was meant.
        if (problems.Count == 0) CrossChecks.Check(settings, problems);
        return (settings, problems);
    }

    /// <summary>Every key that has an effect, with its value.</summary>
    public IReadOnlyDictionary<string, object?> Resolved() =>
        Sections.SelectMany(section => Binding.Resolved(section.GetValue(this)!)).ToDictionary();
}
