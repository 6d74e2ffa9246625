using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Training.Memory;

namespace FinIntent.Jobs.Plans;

/// <summary>Predicts the memory and the time of a training without loading anything (`finintent plan`).</summary>
static class PlanJob
{
    public static IEnumerable<string> KnownGpus => GpuModel.Known.Select(known => known.Key);

    /// <param name="gpu">A known GPU or its gigabytes; null means this machine.</param>
    /// <param name="rows">The rows to count with; null means those that the settings name.</param>
    public static Planner Open(SettingsFile settings, string? gpu, Surroundings here, PlanRows? rows = null)
    {
        var prepared = Prepare(settings, here);
        LibTorch.Load();
        return Planner.Open(prepared, gpu is null ? PlanTarget.Of(here.Device.Value) : PlanTarget.Of(gpu), rows);
    }

    /// <summary>Finds what a plan uses. It can do with a known shape and with a guess at the rows, so a hub is asked once only.</summary>
    static Prepared Prepare(SettingsFile settings, Surroundings here)
    {
        var isKnown = KnownModels.Find(settings.Model.ModelNameOrPath) is not null;
        return Prepared.Of(settings, Need.Shape, here with { Hubs = () => here.Hubs().Once() }, (part, e) =>
        {
            if (part == NamedPart.Model && e.InnerException is null) return true; // it was no hub's name; the planner tells what there is
            if (part == NamedPart.Adapters || (part == NamedPart.Model && !isKnown)) return false;
            here.Tell($"{e.Message}; planned {(part == NamedPart.Model ? "with the shape that is known of it" : "without these rows")}");
            return true;
        });
    }

    public static UserErrorException Unknown(string model) =>
        new($"model_name_or_path: there is no folder {model}, and it is none of the models whose shapes are known " +
            $"({string.Join(", ", KnownModels.Names)}); a folder with the model's config.json is enough for a plan");
}
