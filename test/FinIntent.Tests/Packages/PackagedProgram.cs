using System.Text.Json.Nodes;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Notices;
using FinIntent.Runtime;
using Xunit;

namespace FinIntent.Tests.Packages;

/// <summary>The tests of packages share one folder, which takes seconds to make, and build one after the other.</summary>
[CollectionDefinition(Name)]
public sealed class PackagesCollection : ICollectionFixture<PackagedProgram>
{
    public const string Name = "packages";
}

/// <summary>
/// A folder like that of a user of the packages: a feed with this build's and those that they need, no other source, an empty cache of
/// packages, and a model that says itself what it tells apart.
/// </summary>
public sealed class PackagedProgram : IAsyncLifetime
{
    readonly TemporaryFolder _folder = new(), _outside = new();

    public string Folder => _folder.Path;

    public string Feed => _folder["feed"];

    public string Model => _folder["model"];

    public async ValueTask InitializeAsync()
    {
        foreach (var name in (string[])["FinIntent", "FinIntent.Cli"])
            await Dotnet.Run(Reference.Root, "pack", $"src/{name}", "-c", Dotnet.Configuration, "--no-build", "-o", Feed, "-v", "q");
        var libtorch = ($"libtorch-cpu-{LibTorchFolders.Rid}", LibTorchFolders.Version);
        foreach (var (id, version) in PackedProject.All[0].Packages(Reference.Root).Append(libtorch))
        {
            var file = $"{id.ToLowerInvariant()}.{version.ToLowerInvariant()}.nupkg";
            var restored = Path.Combine(RestoredPackages.Folder, id.ToLowerInvariant(), version.ToLowerInvariant());
            File.Copy(Path.Combine(restored, file), Path.Combine(Feed, file));
        }
        _folder.Write("nuget.config", """
            <configuration>
              <packageSources><clear /><add key="feed" value="feed" /></packageSources>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <fallbackPackageFolders><clear /></fallbackPackageFolders>
            </configuration>
            """);
        WriteModel();
    }

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        _outside.Dispose();
        return ValueTask.CompletedTask;
    }

    public string Write(string name, string content) => _folder.Write(name, content);

    /// <summary>Copies a sample to the empty folder, builds it there, and returns its program's folder.</summary>
    public async Task<string> Build(string sample)
    {
        var folder = Copy(sample, _folder[sample]);
        await Dotnet.Run(folder, "build", "-v", "q", "-p:CreateHardLinksForCopyLocalIfPossible=true");
        return Path.Combine(folder, "bin", "Debug", "net10.0");
    }

    /// <summary>Copies a sample to where packages come from the user's own sources, too: its build needs more of the SDK's.</summary>
    /// <param name="sample">A folder of samples/, or "" for the programs in one file.</param>
    public string CopyOutside(string sample)
    {
        var folder = Copy(sample, _outside[sample]);
        File.WriteAllText(Path.Combine(folder, "nuget.config"), $"""
            <configuration>
              <packageSources><add key="feed" value="{Feed}" /></packageSources>
              <config><add key="globalPackagesFolder" value="{_outside["packages"]}" /></config>
            </configuration>
            """);
        return folder;
    }

    string Copy(string sample, string to)
    {
        var target = Directory.CreateDirectory(to).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Reference.Root, "samples", sample)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        return target;
    }

    /// <summary>The embedded model, in fp32 so that no measured speed chooses the type, with its intents as an export has them.</summary>
    void WriteModel()
    {
        var embedded = Path.Combine(Reference.Root, "models", "finintent-8m");
        Directory.CreateDirectory(Model);
        foreach (var file in Directory.EnumerateFiles(embedded)) File.Copy(file, Path.Combine(Model, Path.GetFileName(file)));
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(embedded, "config.json")))!.AsObject();
        config.Remove("dtype");
        config["torch_dtype"] = "float32";
        File.WriteAllText(Path.Combine(Model, "config.json"), config.ToJsonString());
        new Provenance("default", null) { LabelSets = [LabelSet.Of(IntentSchema.OpenFinData).ToJson()] }.Write(Model, embedded, []);
    }
}
