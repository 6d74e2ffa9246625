using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class FormatVersionTests
{
    static readonly FormatVersion Kind = new("some.json", 3);

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("""{"format_version": 1}""")]
    [InlineData("""{"format_version": 3, "written_by": "0.9.0"}""")]
    public void A_file_up_to_the_newest_format_is_read_and_one_without_a_format_is_of_the_first(string json)
    {
        Kind.Check("some.json", JsonElement.Parse(json));

        Assert.True(Kind.Reads(JsonNode.Parse(json)));
    }

    [Theory]
    [InlineData("""{"format_version": 4, "written_by": "0.9.0"}""",
        "a/some.json: FinIntent 0.9.0 wrote it in format 4; this is FinIntent ")]
    [InlineData("""{"format_version": 4}""", "a/some.json: a newer FinIntent wrote it in format 4; this is FinIntent ")]
    [InlineData("""{"format_version": "4"}""", "a/some.json: format_version is \"4\"; expected a whole number from 1 to 3")]
    [InlineData("""{"format_version": 0}""", "a/some.json: format_version is 0; expected a whole number from 1 to 3")]
    public void A_file_in_another_format_is_refused(string json, string message)
    {
        Assert.StartsWith(message, Assert.Throws<UserErrorException>(() => Kind.Check("a/some.json", JsonElement.Parse(json))).Message);
    }

    [Fact]
    public void What_is_stamped_is_read_and_stamping_twice_changes_nothing()
    {
        var json = Kind.Stamp(Kind.Stamp(new() { ["a"] = 1 }));

        Assert.Equal($$"""{"format_version":3,"written_by":"{{ProgramVersion.Number}}","a":1}""", json.ToJsonString());
        Kind.Check("some.json", JsonSerializer.SerializeToElement(json));
    }

    [Fact]
    public void Every_kind_of_file_is_in_the_documents_with_its_format()
    {
        var page = File.ReadAllText(Path.Combine(Reference.Root, "docs/files.md"));

        Assert.All(FormatVersion.All, format => Assert.Contains($"| `{format.File}` | {format.Newest} |", page));
    }
}
