using System.Text.Json.Nodes;

namespace FinIntent.Tests;

/// <summary>The packages that this build was made with, where NuGet unpacked them.</summary>
static class RestoredPackages
{
    /// <summary>The folder of all packages, from the restore of the tests' own project.</summary>
    public static string Folder { get; } = (string)JsonNode.Parse(File.ReadAllText(Assets))!["project"]!["restore"]!["packagesPath"]!;

    static string Assets => Path.Combine(Reference.Root, "artifacts", "obj", "FinIntent.Tests", "project.assets.json");
}
