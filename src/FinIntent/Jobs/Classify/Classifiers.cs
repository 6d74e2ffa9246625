using FinIntent.Checkpoints;
using FinIntent.Classification;
using FinIntent.Hub;
using FinIntent.Jobs.Calibrations;
using FinIntent.Lora;
using FinIntent.Settings;

namespace FinIntent.Jobs.Classify;

/// <summary>Finds what a classifier of settings is loaded from.</summary>
static class Classifiers
{
    /// <summary>
    /// Finds model, label sets and calibration, and the calibration's folder, null where none is used. model_name_or_path may be an
    /// adapter's folder, which names its base.
    /// </summary>
    /// <param name="needsIntents">False goes on without label sets where the model's record names none.</param>
    /// <exception cref="UserErrorException">Something is not to be had, or does not fit.</exception>
    public static (ClassifierSource Source, string? Calibration) Find(SettingsFile settings, Surroundings here, bool needsIntents = true)
    {
        var prepared = WithBase(Prepared.Of(settings, Need.Model, here), here);
        var trained = Provenance.OfLast([prepared.Folder, .. prepared.Adapters]);
        var chat = prepared.Chat with
        {
            DefaultSystem = settings.Dataset.DefaultSystem ?? trained.DefaultSystem,
            EnableThinking = settings.Dataset.EnableThinking || trained.EnableThinking,
        };
        var folder = prepared.Adapters.LastOrDefault() ?? prepared.Folder;
        var isTaught = needsIntents || settings.Inference.IntentSchema is not null || trained.LabelSets is { Count: > 0 };
        var sets = isTaught ? ClassifierSource.SetsOf(settings.Inference.IntentSchema, trained, folder) : [];
        var source = new ClassifierSource(chat, sets)
        {
            MaxTokensPerForward = settings.Inference.ScoringTokens,
            DefaultSet = settings.Classify.IntentSet,
        };
        if (!isTaught || UsedCalibration.FolderOf(prepared) is not { } calibration) return (source, null);
        return (source with { Calibrations = ClassifierSource.CalibrationsOf(chat, sets, calibration) }, calibration);
    }

    static Prepared WithBase(Prepared prepared, Surroundings here)
    {
        var folder = prepared.Folder;
        if (prepared.Adapters.Count > 0 || !AdapterConfig.IsIn(folder) || Checkpoint.IsIn(folder)) return prepared;
        var name = AdapterConfig.Read(folder).BaseModel;
        var model = Directory.Exists(name) ? name : here.Fetch(hub => hub.In(prepared.Settings.Model.CacheDir)
            .Folder("base_model_name_or_path", name, null, ModelFiles.Model));
        return Directory.Exists(model) ? prepared with { ModelFolder = model, Adapters = [folder] }
            : throw new UserErrorException($"{folder}: its base model {name} is no folder here; name it in model_name_or_path, " +
                $"and {folder} in adapter_name_or_path");
    }
}
