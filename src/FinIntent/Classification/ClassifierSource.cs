using FinIntent.Calibration;
using FinIntent.Checkpoints;
using FinIntent.Files;
using FinIntent.Generation;
using FinIntent.Hub;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Models.Packed;

namespace FinIntent.Classification;

/// <summary>Says what a classifier is loaded from: weights, template and label sets, found where training and export left them.</summary>
/// <param name="Sets">The label sets; calls that name none use the first.</param>
sealed record ClassifierSource(ChatModelSource Chat, IReadOnlyList<LabelSet> Sets)
{
    /// <summary>Room for the beginnings of a few label sets of a large model.</summary>
    const long BytesOfBeginnings = 64 << 20;

    public int? MaxTokensPerForward { get; init; }

    /// <summary>The bytes for keys and values of what prompts begin with, kept between forwards; 0: none is kept.</summary>
    public long KeptBytes { get; init; }

    /// <summary>The set that calls use which name none; null means the first.</summary>
    public string? DefaultSet { get; init; }

    /// <summary>The calibrations of label sets, by their names; a set that has none answers with the model's own probabilities.</summary>
    public IReadOnlyDictionary<string, IntentCalibration> Calibrations { get; init; } = new Dictionary<string, IntentCalibration>();

    /// <summary>Finds a label set by its name; null means the first.</summary>
    /// <exception cref="UserErrorException">The model knows no such set.</exception>
    public LabelSet Set(string? name) => (name ?? DefaultSet) is not { } wanted ? Sets[0] : Sets.FirstOrDefault(set => set.Name == wanted)
        ?? throw new UserErrorException($"intent set \"{wanted}\" is not known; the model has " +
            $"{string.Join(", ", Sets.Select(s => s.Name))}");

    /// <summary>Finds all that a model's name and options mean; what a hub has is fetched.</summary>
    /// <param name="model">A model's folder, an adapter's folder, or owner/name on a hub.</param>
    /// <exception cref="UserErrorException">Something is not to be had, or the label sets are nowhere written.</exception>
    public static ClassifierSource Find(string model, IntentClassifierOptions options, HubFolders hub, CancellationToken stop)
    {
        options.Check();
        hub = hub.In(options.CacheDirectory);
        var folder = hub.Folder("model", model, null, ModelFiles.Model, stop);
        string[] adapters = options.Adapter is null ? [] : [hub.Folder("Adapter", options.Adapter, null, ModelFiles.Adapter, stop)];
        if (adapters.Length == 0 && AdapterConfig.IsIn(folder) && !Checkpoint.IsIn(folder))
            (adapters, folder) = ([folder], hub.Folder("base_model_name_or_path", AdapterConfig.Read(folder).BaseModel, null,
                ModelFiles.Model, stop));
        if (!Directory.Exists(folder))
            throw new UserErrorException($"there is no folder {folder}; name a model's or an adapter's folder, or a hub's model " +
                $"as owner/name");
        var trained = Provenance.OfLast([folder, .. adapters]);
        ChatModelSource chat = new(folder, adapters)
        {
            Template = options.Template,
            DefaultSystem = trained.DefaultSystem,
            EnableThinking = trained.EnableThinking,
            Type = TypeOf(options.Precision),
            Format = FormatOf(options.Precision),
        };
        var sets = SetsOf(options.Schema, trained, adapters.LastOrDefault() ?? folder);
        return new(chat, sets)
        {
            DefaultSet = options.IntentSet,
            MaxTokensPerForward = options.MaxTokensPerForward,
            KeptBytes = BytesOfBeginnings,
            Calibrations = options.UseCalibration ? CalibrationsOf(chat, sets, adapters.LastOrDefault() ?? folder) : new Dictionary<string,
                IntentCalibration>(),
        };
    }

    /// <summary>Reads the calibration of a folder, if there is one, and finds the label set that it is for.</summary>
    /// <exception cref="UserErrorException">It is for another model, or for none of the label sets.</exception>
    public static IReadOnlyDictionary<string, IntentCalibration> CalibrationsOf(
        ChatModelSource chat, IReadOnlyList<LabelSet> sets, string folder)
    {
        Dictionary<string, IntentCalibration> found = [];
        if (CalibrationFile.Read(folder) is not { } calibration) return found;
        List<string> differences = [];
        foreach (var set in sets)
        {
            if (calibration.Subject.Difference(CalibrationSubject.Of(chat, set.Prompt(CalibrationSubject.QuestionMark), set.System))
                is { } difference) differences.Add(difference);
            else found[set.Name] = calibration;
        }
        return found.Count > 0 ? found : throw new UserErrorException($"{CalibrationFile.PathIn(folder)}: {differences[0]}; " +
            "run `finintent calibrate` again, or leave the calibration out (calibration: none, in a program UseCalibration)");
    }

    /// <summary>Returns the label sets of a schema's file, or else those that a model's record names.</summary>
    /// <param name="folder">The model's or adapter's folder, for the message.</param>
    public static IReadOnlyList<LabelSet> SetsOf(string? schema, Provenance trained, string folder)
    {
        if (schema is not null) return [LabelSet.Of(IntentSchema.Load(schema), trained.DefaultSystem)];
        if (trained.LabelSets is { Count: > 0 } sets) return LabelSet.ReadAll(sets, trained.Record!);
        throw new UserErrorException($"{folder}: no run.json or finintent.json there says which intents the model tells apart; " +
            "name the file of intents it was trained with (intent_schema, in a program Schema)");
    }

    static ScalarType? TypeOf(ModelPrecision precision) => precision switch
    {
        ModelPrecision.Float32 => ScalarType.Float32,
        ModelPrecision.BFloat16 => ScalarType.BFloat16,
        ModelPrecision.Float16 => ScalarType.Float16,
        _ => null,
    };

    static WeightFormat? FormatOf(ModelPrecision precision) => precision switch
    {
        ModelPrecision.Float8 => WeightFormat.Fp8,
        ModelPrecision.Int8 => WeightFormat.Int8,
        ModelPrecision.Nf4 => WeightFormat.Nf4,
        _ => null,
    };
}
