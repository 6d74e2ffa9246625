using System.Runtime.Versioning;
using System.Text.Json;
using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>The program as a .NET tool, which starts without libtorch. Only Unix lets a test say where the user's data lies.</summary>
[UnsupportedOSPlatform("windows"), Collection(PackagesCollection.Name)]
public sealed class ToolTests(PackagedProgram program)
{
    const string Tool = "tool/finintent";

    [Fact]
    public async Task The_tool_asks_for_libtorch_fetches_it_from_the_configured_source_and_computes()
    {
        await Dotnet.Run(program.Folder, "tool", "install", "FinIntent.Cli", "--tool-path", "tool");
        Assert.Contains("run `finintent setup`", (await Installation()).GetProperty("error").GetString());

        var folder = (await Run("setup")).TrimEnd('\n');

        var name = $"libtorch-{LibTorchFolders.Version}-{LibTorchFolders.Rid}";
        Assert.Equal(Path.Combine(program.Folder, "data", "finintent", name), folder);
        Assert.Contains(Directory.GetFiles(folder), f => Path.GetFileName(f).StartsWith("LICENSE", StringComparison.Ordinal));
        var libtorch = await Installation();
        Assert.Equal((folder, "cpu"), (libtorch.GetProperty("folder").GetString(), libtorch.GetProperty("device").GetString()));
        var tokens = program.Write("tokens.json", "[[1, 2, 3]]");
        await Run("inspect", "logits", "--model", program.Model, "--tokens", tokens, "--out", "logits.safetensors");
        Assert.True(File.Exists(Path.Combine(program.Folder, "logits.safetensors")));
    }

    async Task<JsonElement> Installation() => JsonElement.Parse(await Run("version", "--json")).GetProperty("libtorch");

    Task<string> Run(params string[] arguments) => Dotnet.Run(program.Folder, Path.Combine(program.Folder, Tool), arguments,
        variables: [("XDG_DATA_HOME", Path.Combine(program.Folder, "data")), ("HOME", program.Folder), ("DOTNET_ROOT", Dotnet.Root)]);
}
