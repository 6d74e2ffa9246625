using FinIntent.Data.Leaks;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Hub;
using FinIntent.Models;
using FinIntent.Preflight;
using FinIntent.Settings;

namespace FinIntent.Cli;

/// <summary>What a settings file names of hubs, brought to this machine. Every command with settings passes here once, before it does anything else.</summary>
static class SettingsToFolders
{
    /// <summary>Model and adapters.</summary>
    public static SettingsFile Models(SettingsFile settings, TextWriter error) =>
        settings.Api.Api is not null || IsHere(settings.Model) ? settings : DownloadProgress.Show(error, context => Hub(context).Resolve(settings, ModelFiles.Model));

    /// <summary>Model, adapters and data sets.</summary>
    public static SettingsFile All(SettingsFile settings, TextWriter error) => DownloadProgress.Show(error, context =>
    {
        var hub = Hub(context);
        // The rows first: they are small, and a wrong name among them is told before gigabytes have come.
        var data = HubDatasets.Fetch(settings.Dataset, hub.In(settings.Model.CacheDir));
        return hub.Resolve(settings, ModelFiles.Model) with { Dataset = data };
    });

    /// <summary>Of the model only its shape and tokenizer, the adapters and the data sets: what is checked before gigabytes come. What is not to be had is reported.</summary>
    public static SettingsFile Checked(SettingsFile settings, CheckReport report, TextWriter error) => DownloadProgress.Show(error, context =>
    {
        var hub = Hub(context);
        settings = report.Try("download", () => settings with { Dataset = HubDatasets.Fetch(settings.Dataset, hub.In(settings.Model.CacheDir)) }) ?? settings;
        settings = report.Try("download", () => hub.Model(settings, ModelFiles.Shape)) ?? settings;
        return report.Try("download", () => hub.Adapters(settings)) ?? settings;
    });

    /// <summary>The same for a plan, which does with less where it is not to be had.</summary>
    public static SettingsFile Shape(SettingsFile settings, TextWriter error) => DownloadProgress.Show(error, context =>
    {
        var hub = new HubFolders(new Lazy<HubChoice>(() => HubChoice.FromEnvironment().Once()), context);
        try
        {
            settings = hub.Model(settings, ModelFiles.Shape);
        }
        catch (UserErrorException e) when (KnownModels.Find(settings.Model.ModelNameOrPath) is not null)
        {
            context.Tell($"{e.Message}; planned with the shape that is known of it");
        }
        settings = hub.Adapters(settings);
        try
        {
            return settings with { Dataset = HubDatasets.Fetch(settings.Dataset, hub.In(settings.Model.CacheDir)) };
        }
        catch (UserErrorException e)
        {
            context.Tell($"{e.Message}; planned without these rows");
            return settings;
        }
    });

    /// <summary>The model of judge_model_name_or_path, with its adapters.</summary>
    public static SettingsFile Judge(SettingsFile settings, TextWriter error)
    {
        var generate = settings.Generate;
        if (generate is not { Judge: JudgeKind.Another, JudgeApi: null, JudgeModelNameOrPath: { } name }) return settings;
        var judge = settings.Model with { ModelNameOrPath = name, ModelRevision = "main", Folder = name, AdapterNameOrPath = generate.JudgeAdapterNameOrPath, AdapterFolder = null, AdapterFolders = null! };
        var model = IsHere(judge) ? judge : DownloadProgress.Show(error, context => Hub(context).Resolve(settings with { Model = judge }, ModelFiles.Model)).Model;
        return settings with { Generate = generate with { JudgeModelNameOrPath = model.Folder, JudgeAdapterNameOrPath = model.AdapterFolders } };
    }

    /// <summary>The files of data sets that a run was trained on, where they come from a hub.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Rows(RunRows run, Action<string> tell) => HubDatasets.Fetch(run, Hub(new(tell)));

    /// <summary>The files of a data set that a folder's dataset_info.json has from a hub.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Rows(string datasetDir, string name, TextWriter error) =>
        DownloadProgress.Show(error, context => HubDatasets.Fetch(datasetDir, [name], Hub(context)));

    static bool IsHere(ModelSettings model) => Directory.Exists(model.ModelNameOrPath) && model.AdapterPaths.All(Directory.Exists);

    static HubFolders Hub(HubContext context) => new(new Lazy<HubChoice>(HubChoice.FromEnvironment), context);
}
