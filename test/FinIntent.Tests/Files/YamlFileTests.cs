using FinIntent.Files;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Tests.Files;

public sealed class YamlFileTests
{
    static string Error(string yaml) =>
        Assert.Throws<UserErrorException>(() => YamlFile.Map(YamlFile.Parse(yaml, "f.yaml"), "f.yaml")).Message;

    [Theory]
    [InlineData("a: 1\nb: &x [*x]", "f.yaml:2: not valid YAML: *x stands inside &x itself")]
    [InlineData("&x {*x : 1}", "f.yaml:1: not valid YAML: *x stands inside &x itself")]
    [InlineData("a: *x", "f.yaml:1: not valid YAML: *x names no &x before it")]
    [InlineData("a: 1\na: 2", "f.yaml:2: not valid YAML: the key \"a\" stands twice")]
    [InlineData("a: 1\n\tb: 2", "f.yaml:2: not valid YAML: the line is indented with a tab")]
    [InlineData("a: \"x", "f.yaml:1: not valid YAML: a quote is opened and not closed")]
    [InlineData("a: [1, 2", "f.yaml:1: not valid YAML: ")]
    [InlineData("a: x: y", "f.yaml:1: not valid YAML: a value with a colon and a blank must stand in quotes")]
    [InlineData("a: @x", "f.yaml:1: not valid YAML: a value that begins with @ must stand in quotes")]
    [InlineData("a: \"\\ud83d\"", "f.yaml:1: not valid YAML: ")]
    [InlineData("a: 1\n---\nb: 2", "f.yaml:3: not valid YAML: a second document begins")]
    [InlineData("- a", "f.yaml: expected lines of the form `key: value`")]
    [InlineData("a: 1\n[b]: 1", "f.yaml:2: a key must be a word, not a list or a map")]
    public void What_is_wrong_is_told_with_its_line(string yaml, string message) => Assert.StartsWith(message, Error(yaml));

    [Fact]
    public void Depth_and_copies_of_copies_have_a_bound()
    {
        var bomb = "a: &l0 [x, x, x, x, x, x, x, x, x, x]\n"
            + string.Concat(Enumerable.Range(1, 9).Select(i => $"k{i}: &l{i} [{string.Join(',', Enumerable.Repeat($"*l{i - 1}", 10))}]\n"));

        Assert.Contains("more than 64 deep", Error("a: " + new string('[', 100_000)));
        Assert.Contains("are more than 1,000,000", Error(bomb));
    }

    [Fact]
    public void Line_ends_of_Windows_change_neither_values_nor_lines()
    {
        const string Yaml = "# x\na: 1\nb: >-\n  one\n  two\nc: |\n  one\n  two\n";

        Assert.Equal(Values(Yaml), Values(Yaml.ReplaceLineEndings("\r\n")));
        Assert.StartsWith("f.yaml:2: not valid YAML: the key", Error("a: 1\r\na: 2"));

        static string Values(string yaml) => string.Join(';', YamlFile.Map(YamlFile.Parse(yaml, "f.yaml"), "f.yaml").Children.Values);
    }

    [Fact]
    public void An_anchor_is_repeated_where_it_stays_small()
    {
        var map = YamlFile.Map(YamlFile.Parse("a: &x [1, 2]\nb: *x", "f.yaml"), "f.yaml");

        Assert.Equal(2, ((YamlSequenceNode)map["b"]).Children.Count);
        Assert.Empty(YamlFile.Map(YamlFile.Parse("# nothing", "f.yaml"), "f.yaml").Children);
    }
}
