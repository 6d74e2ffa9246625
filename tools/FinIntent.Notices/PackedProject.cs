using System.Text.Json;

namespace FinIntent.Notices;

/// <summary>A project that becomes a package.</summary>
/// <param name="Folder">Its folder from the repository's root.</param>
/// <param name="Carries">The package has the third parties' files in it; else a program's restore brings them, with their notices.</param>
sealed record PackedProject(string Name, string Folder, bool Carries)
{
    public static IReadOnlyList<PackedProject> All { get; } =
        [new("FinIntent", "src/FinIntent", Carries: false), new("FinIntent.Cli", "src/FinIntent.Cli", Carries: true)];

    public string NoticesFile => Path.Combine(Folder, "THIRD-PARTY-NOTICES.txt");

    /// <summary>Returns the packages of the lock file in the order of their names.</summary>
    public IReadOnlyList<(string Id, string Version)> Packages(string root)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(root, Folder, "packages.lock.json")));
        return [.. json.RootElement.GetProperty("dependencies").EnumerateObject()
            .SelectMany(framework => framework.Value.EnumerateObject())
            .Where(package => package.Value.GetProperty("type").GetString() != "Project")
            .Select(package => (package.Name, package.Value.GetProperty("resolved").GetString()!))
            .Distinct().OrderBy(package => package.Name, StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>Returns the folder into which this project's packages were restored.</summary>
    public string RestoredInto(string root)
    {
        var assets = Path.Combine(root, "artifacts", "obj", Path.GetFileName(Folder), "project.assets.json");
        using var json = JsonDocument.Parse(File.ReadAllText(assets));
        return json.RootElement.GetProperty("project").GetProperty("restore").GetProperty("packagesPath").GetString()!;
    }
}
