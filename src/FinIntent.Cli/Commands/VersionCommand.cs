using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using FinIntent.Files;
using FinIntent.Runtime;
using TorchSharp;

namespace FinIntent.Cli.Commands;

static class VersionCommand
{
    public static Command Build()
    {
        var json = new Option<bool>("--json") { Description = "Everything about this installation, for a report of a fault or a script." };
        var command = new Command("version", "Print the version.") { json };
        command.SetAction(arguments => arguments.InvocationConfiguration.Output.WriteLine(
            arguments.GetValue(json) ? Installation().ToJsonString(JsonFile.Indented) : $"finintent {ProgramVersion.Number}"));
        return command;
    }

    static JsonObject Installation() => new()
    {
        ["version"] = ProgramVersion.Number,
        ["commit"] = ProgramVersion.Commit,
        ["format_versions"] = new JsonObject(FormatVersion.All.Select(f => KeyValuePair.Create(f.File, (JsonNode?)f.Newest))),
        ["system"] = RuntimeInformation.OSDescription,
        ["runtime_identifier"] = RuntimeInformation.RuntimeIdentifier,
        ["processors"] = Environment.ProcessorCount,
        ["dotnet"] = Environment.Version.ToString(),
        ["torchsharp"] = ProgramVersion.Of(typeof(torch)),
        ["libtorch"] = Torch(),
    };

    /// <summary>The libtorch that is found and what it computes on, or why there is none.</summary>
    static JsonObject Torch()
    {
        try
        {
            LibTorch.Load();
        }
        catch (UserErrorException e)
        {
            return new() { ["error"] = e.Message };
        }
        var torch = new JsonObject
        {
            ["folder"] = LibTorch.Folder,
            ["version"] = LibTorch.Version?.ToString(),
            ["device"] = $"{Devices.Default}",
        };
        if (!LibTorch.HasCuda) return torch;
        torch["gpu"] = DeviceMemory.NameOf(Devices.Default);
        torch["gpu_bytes"] = DeviceMemory.Of(Devices.Default)?.Total;
        return torch;
    }
}
