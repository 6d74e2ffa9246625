using System.Xml.Linq;
using Xunit;

namespace FinIntent.Tests.Architecture;

/// <summary>What other programs may use is small, approved, and explained.</summary>
public sealed class PublicApiTests
{
    const int MostTypes = 40;

    static readonly Type[] Public =
        [.. typeof(FinIntentException).Assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal)];

    static string ApprovedFile => Path.Combine(Reference.Root, "test", "FinIntent.Tests", "Architecture", "PublicApi.approved.txt");

    [Fact]
    public void The_public_surface_is_the_approved_one()
    {
        var now = string.Concat(Public.Select(PublicApi.Describe));
        var received = Path.ChangeExtension(ApprovedFile, null).Replace(".approved", ".received.txt", StringComparison.Ordinal);
        if (!File.Exists(ApprovedFile) || File.ReadAllText(ApprovedFile).ReplaceLineEndings("\n") != now) File.WriteAllText(received, now);
        else File.Delete(received);

        Approved.Compare(ApprovedFile, now, $"move {Path.GetRelativePath(Reference.Root, received)} there, and say so in CHANGELOG.md");
    }

    [Fact]
    public void The_public_surface_is_small() => Assert.InRange(Public.Length, 1, MostTypes);

    [Fact]
    public void What_is_thrown_on_purpose_is_one_family() => Assert.All(
        Public.Where(type => type.IsAssignableTo(typeof(Exception))),
        type => Assert.True(type.IsAssignableTo(typeof(FinIntentException)), type.Name));

    /// <summary>The compiler asks for a comment on every public member, but not for all parameters of it.</summary>
    [Fact]
    public void Every_parameter_of_a_public_method_is_explained() => Assert.Empty(
        from member in Documented
        let method = (string)member.Attribute("name")!
        where method.Contains('(', StringComparison.Ordinal) && PublicApi.ParametersOf(Public, method) is { Count: > 0 }
        from parameter in PublicApi.ParametersOf(Public, method)
        where member.Element("inheritdoc") is null && member.Elements("param").All(p => (string)p.Attribute("name")! != parameter)
        select $"{method}: {parameter}");

    /// <summary>A reader sees how each type is used.</summary>
    [Fact]
    public void Every_public_class_has_an_example() => Assert.Empty(
        from type in Public
        where !type.IsEnum && !type.IsAssignableTo(typeof(Delegate))
        let comment = Documented.FirstOrDefault(member => (string)member.Attribute("name")! == $"T:{type.FullName}")
        where comment?.Element("example") is null
        select type.FullName);

    static IEnumerable<XElement> Documented =>
        XDocument.Load(Path.ChangeExtension(typeof(FinIntentException).Assembly.Location, ".xml")).Descendants("member");
}
