using FinIntent.Files;
using FinIntent.Runtime;

namespace FinIntent.Jobs;

/// <summary>Tells which program this is and what it finds on this machine.</summary>
static class Installation
{
    /// <param name="here">Its device is looked at where libtorch is found.</param>
    public static JsonObject Describe(Surroundings here) => new()
    {
        ["version"] = ProgramVersion.Number,
        ["commit"] = ProgramVersion.Commit,
        ["format_versions"] = new JsonObject(FormatVersion.All.Select(f => KeyValuePair.Create(f.File, (JsonNode?)f.Newest))),
        ["system"] = RuntimeInformation.OSDescription,
        ["runtime_identifier"] = RuntimeInformation.RuntimeIdentifier,
        ["processors"] = Environment.ProcessorCount,
        ["dotnet"] = Environment.Version.ToString(),
        ["torchsharp"] = ProgramVersion.Of(typeof(torch)),
        ["libtorch"] = Torch(here),
    };

    /// <summary>The libtorch that is found and what it computes on, or why there is none.</summary>
    static JsonObject Torch(Surroundings here)
    {
        try
        {
            LibTorch.Load();
        }
        catch (UserErrorException e)
        {
            return new() { ["error"] = e.Message };
        }
        var device = here.Device.Value;
        var torch = new JsonObject { ["folder"] = LibTorch.Folder, ["version"] = LibTorch.Version?.ToString(), ["device"] = $"{device}" };
        if (!LibTorch.HasCuda) return torch;
        torch["gpu"] = DeviceMemory.NameOf(device);
        torch["gpu_bytes"] = DeviceMemory.Of(device)?.Total;
        return torch;
    }
}
