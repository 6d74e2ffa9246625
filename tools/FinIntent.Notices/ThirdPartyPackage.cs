using System.Xml.Linq;

namespace FinIntent.Notices;

/// <summary>What a restored package says of its licence.</summary>
/// <param name="Licence">An SPDX id, or the name of a file of the package.</param>
/// <param name="Texts">The licences and notices that lie in the package, by their names.</param>
sealed record ThirdPartyPackage(string Id, string Version, string Holder, string? Project, string Licence, IReadOnlyList<string> Texts)
{
    /// <summary>Packages older than licence expressions, whose address was read by a person.</summary>
    static readonly Dictionary<string, string> KnownAddresses = new()
    {
        ["https://github.com/MiloszKrajewski/K4os.Compression.LZ4/blob/master/LICENSE?raw=true"] = "MIT",
    };

    /// <summary>Where a package gives a choice, what is chosen.</summary>
    static readonly Dictionary<string, string> Choices = new() { ["MS-PL OR Apache-2.0"] = "Apache-2.0" };

    /// <exception cref="InvalidDataException">The package names no licence that is known here.</exception>
    public static ThirdPartyPackage Read(string packages, string id, string version)
    {
        var folder = Path.Combine(packages, id.ToLowerInvariant(), version.ToLowerInvariant());
        var metadata = XDocument.Load(Path.Combine(folder, $"{id.ToLowerInvariant()}.nuspec")).Root!.Elements()
            .Single(element => element.Name.LocalName == "metadata");
        string? Value(string name) =>
            metadata.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value.Trim() is { Length: > 0 } text ? text : null;

        var authors = Value("authors") ?? id;
        var licence = Value("license") ?? KnownAddresses.GetValueOrDefault(Value("licenseUrl") ?? "")
            ?? throw new InvalidDataException(
                $"{id} {version}: its licence is at {Value("licenseUrl")}: read it and add it to KnownAddresses");
        return new(id, version, Value("copyright") is { } copyright && copyright != authors ? copyright : $"Copyright {authors}",
            Value("projectUrl"), Choices.GetValueOrDefault(licence, licence), TextsOf(folder));
    }

    static IReadOnlyList<string> TextsOf(string folder) =>
        [.. Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder, "Notices").SelectMany(Directory.EnumerateFiles))
            .Where(IsText).Order(StringComparer.OrdinalIgnoreCase)];

    static bool IsText(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path).ToUpperInvariant();
        return name.StartsWith("LICENSE", StringComparison.Ordinal) || name.StartsWith("NOTICE", StringComparison.Ordinal)
            || name.Replace("-", "", StringComparison.Ordinal).StartsWith("THIRDPARTY", StringComparison.Ordinal);
    }
}
