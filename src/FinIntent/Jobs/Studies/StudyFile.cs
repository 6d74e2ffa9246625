using FinIntent.Files;
using FinIntent.Settings;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Jobs.Studies;

/// <summary>Is the file of a study: keys that all models share, and a list of models, each with a name and keys of its own.</summary>
/// <remarks>A model may name a settings file, too. Its own keys win over the shared ones, these win over the settings file's, and the
/// command line's win over all.</remarks>
/// <param name="Seeds">The seeds, each of which means one training.</param>
/// <param name="KeepsModels">False removes a merged model once it is scored; adapters always stay.</param>
sealed record StudyFile(string Path, string OutputDir, IReadOnlyList<int> Seeds, bool KeepsModels, IReadOnlyList<StudyModel> Models)
{
    static readonly string[] OwnKeys = ["models", "seeds", "keep_models"];

    /// <exception cref="UserErrorException">Names the file, the line and the key.</exception>
    public static StudyFile Read(string path, IEnumerable<string> overrides)
    {
        var shared = Entries.ReadFile(path);
        Dictionary<string, Entry> given = [];
        foreach (var entry in overrides.Select(Entries.ReadOverride)) given[entry.Key] = entry;
        if (!shared.TryGetValue("models", out var list))
            throw new UserErrorException($"{path}: models is missing; list them, each with a name");
        if (list.Value is not YamlSequenceNode { Children: { Count: > 0 } items })
            throw list.Error("expected a list of models, each a map that begins with `- name: …`");
        if (Values("output_dir") is not [{ } output])
            throw new UserErrorException($"{path}: output_dir is missing; name the folder for all results");

        var file = System.IO.Path.GetFileName(path);
        var common = shared.Where(e => !OwnKeys.Contains(e.Key)).ToDictionary();
        var own = given.Where(e => !OwnKeys.Contains(e.Key)).ToDictionary();
        List<StudyModel> models = [.. items.Select(item => StudyModel.Of(item, file, path, common, own))];
        foreach (var same in models.GroupBy(m => m.Folder, StringComparer.OrdinalIgnoreCase).Where(g => g.Count() > 1))
            throw new UserErrorException($"{same.Last().Place}: name: \"{same.Last().Name}\" and \"{same.First().Name}\" would share the " +
                $"folder {same.Key}; name them apart");
        var seeds = given.ContainsKey("seed") && !given.ContainsKey("seeds") ? Values("seed") : Values("seeds") ?? Values("seed") ?? ["42"];
        foreach (var key in StudyModel.NotInStudies.Where(key => given.ContainsKey(key) || shared.ContainsKey(key)))
            throw StudyModel.NotInStudy(given.GetValueOrDefault(key) ?? shared[key]);
        foreach (var model in models) model.Check();
        return new(path, output, SeedsOf(seeds!), KeepsModels(), models);

        bool KeepsModels() => Values("keep_models") switch
        {
            null => true,
            [{ } word] when Binding.Boolean(word) is { } keeps => keeps,
            var other => throw new UserErrorException($"{path}: keep_models: expected true or false, got \"{string.Join(", ", other)}\""),
        };

        IReadOnlyList<string>? Values(string key) => !given.TryGetValue(key, out var entry) && !shared.TryGetValue(key, out entry) ? null
            : entry.Value switch
            {
                YamlSequenceNode several => [.. several.Children.Select(n => n.ToString())],
                YamlScalarNode { Value: { } one } => one.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                _ => throw entry.Error("expected a value, or values with commas between"),
            };

        IReadOnlyList<int> SeedsOf(IReadOnlyList<string> texts) => texts.Count == texts.Distinct().Count()
            && texts.All(t => int.TryParse(t, out _))
            ? [.. texts.Select(int.Parse)]
                : throw new UserErrorException($"{path}: seeds: \"{string.Join(", ", texts)}\" is no list of different whole numbers");
    }
}

/// <summary>Is one model of a study, with all its keys.</summary>
sealed record StudyModel(string Name, string Place, string Path, IReadOnlyDictionary<string, Entry> Keys)
{
    // Of the shared keys only these mean something to a model behind an API.
    static readonly string[] ApiKeys =
        ["eval_file", "default_system", "max_new_tokens", "stop_words", "seed", "intent_schema", "permutations"];

    /// <summary>Keys of an evaluation that would change nothing in a study.</summary>
    public static IReadOnlyList<string> NotInStudies { get; } = ["eval_adapters", "eval_seeds"];

    public bool IsApi => Keys.ContainsKey("api");

    /// <summary>The name in characters that a folder's name may have.</summary>
    public string Folder => PortableName.Of(Name);

    public static StudyModel Of(YamlNode item, string file, string path, IReadOnlyDictionary<string, Entry> common,
        IReadOnlyDictionary<string, Entry> given)
    {
        var place = $"{file}:{item.Start.Line}";
        if (item is not YamlMappingNode map) throw new UserErrorException($"{place}: expected a map that begins with `- name: …`");
        var own = Entries.Of(map, file);
        if (!own.Remove("name", out var name) || string.IsNullOrWhiteSpace(name.Text))
            throw new UserErrorException($"{place}: a model has no name; give one");
        var keys = own.Remove("settings", out var settings)
            ? Entries.ReadFile(Beside(path, settings.Text ?? throw settings.Error("expected the path of a settings file"))) : [];
        var isApi = own.ContainsKey("api");
        foreach (var (key, entry) in common.Where(Applies).Concat(own).Concat(given.Where(Applies))) keys[key] = entry;
        return new(name.Text.Trim(), place, path, keys);

        bool Applies(KeyValuePair<string, Entry> e) => IsApiKey(e.Key) == isApi || (isApi && ApiKeys.Contains(e.Key));
    }

    /// <summary>Returns a path from the study's own folder, or from the working folder when it is not there.</summary>
    static string Beside(string study, string settings) =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(study))!, settings) is var beside
            && File.Exists(beside) ? beside : settings;

    static bool IsApiKey(string key) => key == "api" || key.StartsWith("api_", StringComparison.Ordinal);

    /// <summary>Checks all that can be known of the keys before anything is run.</summary>
    /// <exception cref="UserErrorException">A key is wrong, or asks for what a study does not do.</exception>
    public void Check()
    {
        if (NotInStudies.FirstOrDefault(Keys.ContainsKey) is { } key) throw NotInStudy(Keys[key]);
        var settings = With();
        if (settings.Inference.EvalFile is null) throw new UserErrorException(
            $"{Place}: {Name}: eval_file is missing; name an Alpaca or OpenFinData file of questions with known answers");
        if (IsApi) return;
        CrossChecks.CheckTraining(settings);
        if (settings.Method.FinetuningType != FinetuningType.Lora)
            throw new UserErrorException($"{Keys["finetuning_type"].Place}: finetuning_type: a study trains LoRA adapters and merges " +
                $"them, not {Keys["finetuning_type"].Text}; use `finintent train` and `finintent eval` for it");
        if (settings.Model.AdapterNameOrPath.Count > 0)
            throw new UserErrorException($"{Keys["adapter_name_or_path"].Place}: adapter_name_or_path: a study trains a fresh adapter on " +
                $"each model; merge this one first with `finintent export` and name the merged model");
    }

    public static UserErrorException NotInStudy(Entry entry) => entry.Error(entry.Key == "eval_adapters"
        ? "a study trains its own adapters; compare others with `finintent eval`"
        : "a study scores each model once; give seeds for several trainings, or use `finintent eval` for several samplings");

    /// <summary>Returns the model's settings with some replaced; null takes a key out.</summary>
    public SettingsFile With(params (string Key, string? Value)[] changes)
    {
        var keys = Keys.ToDictionary();
        foreach (var (key, value) in changes)
        {
            keys.Remove(key);
            if (value is not null) keys[key] = new(key, new YamlScalarNode(value), Place);
        }
        return SettingsFile.Of(Path, Entries.WithoutNulls(keys));
    }
}
