using FinIntent.Data;
using FinIntent.Hub;
using FinIntent.Models;
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

    /// <summary>Of the model only its shape and tokenizer, and the data sets; for a plan, which does with less where they are not to be had.</summary>
    public static SettingsFile Shape(SettingsFile settings, TextWriter error) => DownloadProgress.Show(error, context =>
    {
        var hub = new HubFolders(HubChoice.FromEnvironment().Once(), context);
        try
        {
            settings = hub.Resolve(settings, ModelFiles.Shape);
        }
        catch (UserErrorException e) when (KnownModels.Find(settings.Model.ModelNameOrPath) is not null)
        {
            context.Tell($"{e.Message}; planned with the shape that is known of it");
        }
        try
        {
            return settings with { Dataset = HubDatasets.Fetch(settings.Dataset, hub.In(settings.Model.CacheDir)) };
        }
        catch (UserErrorException)
        {
            return settings; // the plan says what it does without them
        }
    });

    /// <summary>The files of data sets that a run was trained on, where they come from a hub.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Rows(string datasetDir, IReadOnlyList<string> names, Action<string> tell) =>
        HubDatasets.Fetch(datasetDir, names, Hub(new(tell)));

    static bool IsHere(ModelSettings model) => Directory.Exists(model.ModelNameOrPath) && model.AdapterPaths.All(Directory.Exists);

    static HubFolders Hub(HubContext context) => new(HubChoice.FromEnvironment(), context);
}
