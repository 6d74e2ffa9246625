using FinIntent.Checkpoints;
using FinIntent.Data.Sources;
using FinIntent.Generation;
using FinIntent.Hub;
using FinIntent.Intents;
using FinIntent.Models;
using FinIntent.Settings;
using FinIntent.Training;

namespace FinIntent.Jobs;

/// <summary>Says how much of what settings name has to be on this machine; the rest is fetched.</summary>
/// <remarks>Shape is what is checked before the weights come: the model's shape and tokenizer, its adapters and the data sets. Model is
/// the model with its weights and its adapters, and All adds the data sets to it. With Nothing, nothing is fetched.</remarks>
enum Need { Nothing, Shape, Model, All }

/// <summary>One of the things that settings name.</summary>
enum NamedPart { Data, Model, Adapters }

/// <summary>Holds settings, and where on this machine the things are that they name.</summary>
/// <remarks>The settings stay as they were typed, since a run writes down the names that were given.</remarks>
sealed record Prepared(SettingsFile Settings)
{
    /// <summary>The model's folder; null when the model is behind an API, or cannot be had, which was told.</summary>
    public string? ModelFolder { get; init; }

    /// <summary>The adapters' folders, in the order of the settings.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>The files of the data sets that come from a hub, by name.</summary>
    public HubFiles HubFiles { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The model's folder, for jobs that cannot do without.</summary>
    public string Folder => ModelFolder ?? throw new InvalidOperationException($"{Settings.Path}: the model was not prepared");

    /// <summary>Whether the model is known by a hub's name.</summary>
    public bool IsModelOfHub => ModelFolder is not null && ModelFolder != Settings.Model.ModelNameOrPath;

    /// <summary>The template of training: the given one, else that of the model's family.</summary>
    public string TemplateName => Settings.Dataset.Template ?? PublishedFamily.TemplateIn(Folder);

    /// <summary>The model as training loads it.</summary>
    public TrainedModelSource Trained => new(Folder, Adapters, Settings.Model, Settings.Method, Settings.Train);

    /// <summary>The model as answering loads it.</summary>
    public ChatModelSource Chat => new(Folder, Adapters)
    {
        Template = Settings.Dataset.Template,
        DefaultSystem = Settings.Dataset.DefaultSystem,
        EnableThinking = Settings.Dataset.EnableThinking,
        MergesAdapter = Settings.Model.MergeAdapter,
        Type = TypeOf(Settings.Model.InferDtype),
        Format = BaseFormat.Of(Settings.Model),
        Force = Settings.Inference.Force,
    };

    /// <summary>Reads the intents that intent_schema names; null when it is not given.</summary>
    public IntentSchema? LoadSchema() => Settings.Inference.IntentSchema is { } file ? IntentSchema.Load(file) : null;

    public static ScalarType? TypeOf(InferenceType type) => type switch
    {
        InferenceType.BFloat16 => ScalarType.BFloat16,
        InferenceType.Float16 => ScalarType.Float16,
        InferenceType.Float32 => ScalarType.Float32,
        _ => null,
    };

    /// <summary>Finds what the settings name, and fetches from hubs what is not here.</summary>
    /// <param name="without">It is asked when a part cannot be had; true goes on without the part. Null makes it an error.</param>
    /// <exception cref="UserErrorException">A part cannot be had.</exception>
    public static Prepared Of(
        SettingsFile settings, Need need, Surroundings here, Func<NamedPart, UserErrorException, bool>? without = null)
    {
        if (settings.Api.Api is not null) return new(settings);
        var model = settings.Model;
        var isHere = Directory.Exists(model.ModelNameOrPath);
        if (need == Need.Nothing || (need == Need.Model && isHere && model.AdapterPaths.All(Directory.Exists)))
            return new(settings) { ModelFolder = isHere ? model.ModelNameOrPath : null, Adapters = model.AdapterPaths };
        return here.Fetch(hub => Of(settings, need, hub.In(model.CacheDir), without));
    }

    static Prepared Of(SettingsFile settings, Need need, HubFolders hub, Func<NamedPart, UserErrorException, bool>? without)
    {
        var (prepared, model) = (new Prepared(settings), settings.Model);
        // The rows first: they are small, and a wrong name among them is told before gigabytes have come.
        if (need is Need.Shape or Need.All)
            Part(NamedPart.Data, () => prepared = prepared with { HubFiles = HubDatasets.Fetch(settings.Dataset, hub) });
        FileChoice files = need == Need.Shape ? ModelFiles.Shape : ModelFiles.Model;
        Part(NamedPart.Model, () => prepared = prepared with { ModelFolder = ModelIn(model, hub, files) });
        Part(NamedPart.Adapters, () => prepared = prepared with
        {
            // Names in adapter_folder are folders in it.
            Adapters = model.AdapterFolder is not null ? model.AdapterPaths
                : [.. model.AdapterPaths.Select(name => hub.Folder("adapter_name_or_path", name, null, ModelFiles.Adapter))],
        });
        return prepared;

        void Part(NamedPart part, Action find)
        {
            try
            {
                find();
            }
            catch (UserErrorException e)
            {
                if (without?.Invoke(part, e) != true) throw;
            }
        }
    }

    static string ModelIn(ModelSettings model, HubFolders hub, FileChoice choice)
    {
        var folder = hub.Folder("model_name_or_path", model.ModelNameOrPath, model.ModelRevision, choice);
        return Directory.Exists(folder) ? folder : File.Exists(folder) ? throw Checkpoint.NoFolder(folder)
            : throw new UserErrorException($"model_name_or_path: there is no folder {folder}; name one, or a model of a hub as owner/name");
    }
}
