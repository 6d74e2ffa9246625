using System.Text;

namespace FinIntent.Notices;

/// <summary>Writes what a package says of the third parties whose work it uses, from its lock file and the restored packages.</summary>
static class ThirdPartyNotices
{
    /// <summary>libtorch is in no package: a program's project or `finintent setup` brings it, with its licence.</summary>
    const string LibTorch = "libtorch-";

    public static string Of(string root, PackedProject project)
    {
        var folder = project.RestoredInto(root);
        var packages = project.Packages(root).Where(package => !package.Id.StartsWith(LibTorch, StringComparison.OrdinalIgnoreCase))
            .Select(package => ThirdPartyPackage.Read(folder, package.Id, package.Version)).ToList();
        var text = new StringBuilder();
        text.Append($"""
            THIRD-PARTY NOTICES of {project.Name}

            {(project.Carries
                ? "This package carries files of the packages below, as they are."
                : "This package uses the packages below; it does not carry them: NuGet restores them with their own licences and notices.")}
            libtorch is not in it: a program's project or `finintent setup` brings it, and its licence lies beside it.
            Made by `dotnet run --project tools/FinIntent.Notices` from packages.lock.json and the restored packages.

            """);
        foreach (var package in packages) Describe(text, package);
        Section(text, "Noto Sans SC (a part of it, in FinIntent.Core.dll) - SIL Open Font License 1.1",
            File.ReadAllText(Path.Combine(root, "src", "FinIntent", "Plots", "plot-font.LICENSE.txt")));
        foreach (var licence in packages.Select(p => p.Licence).Distinct().Order(StringComparer.Ordinal))
            Section(text, $"The licence {licence}", Spdx(licence));
        if (project.Carries) Own(text, packages);
        return text.ToString().ReplaceLineEndings("\n");
    }

    static void Describe(StringBuilder text, ThirdPartyPackage package)
    {
        text.Append($"\n{package.Id} {package.Version} - {package.Licence}\n  {package.Holder.ReplaceLineEndings(" ")}\n");
        if (package.Project is not null) text.Append($"  {package.Project}\n");
    }

    /// <summary>The licences and notices that lie in the packages, each text once.</summary>
    static void Own(StringBuilder text, List<ThirdPartyPackage> packages)
    {
        var texts = packages.SelectMany(package => package.Texts,
            (package, path) => (Name: $"{package.Id} {package.Version}: {Path.GetFileName(path)}", Content: File.ReadAllText(path).Trim()));
        foreach (var same in texts.GroupBy(t => t.Content)) Section(text, string.Join("\n", same.Select(t => t.Name)), same.Key);
    }

    static void Section(StringBuilder text, string heading, string content) =>
        text.Append($"\n{new string('=', 100)}\n{heading}\n{new string('-', 100)}\n{content.Trim()}\n");

    static string Spdx(string licence)
    {
        using var stream = typeof(ThirdPartyNotices).Assembly.GetManifestResourceStream(licence)
            ?? throw new InvalidDataException($"the text of {licence} is not in tools/FinIntent.Notices/licences: add it as {licence}.txt");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
