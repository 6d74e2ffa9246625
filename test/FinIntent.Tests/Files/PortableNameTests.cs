using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

/// <summary>The rules are those of Windows' page "Naming Files, Paths, and Namespaces"; they are tested on every system.</summary>
public sealed class PortableNameTests
{
    [Theory]
    [InlineData("run.json", null)]
    [InlineData("意图 1", null)]
    [InlineData("console", null)]
    [InlineData("com10", null)]
    [InlineData("", "it is empty")]
    [InlineData("..", "it means a folder")]
    [InlineData("a.", "it ends in a dot or a blank, which Windows cuts off")]
    [InlineData("a ", "it ends in a dot or a blank, which Windows cuts off")]
    [InlineData("Qwen2.5:7B", "Windows allows no : in a name")]
    [InlineData("a/b", "Windows allows no / in a name")]
    [InlineData("a\u0007", "it has a control character")]
    [InlineData("nul", "Windows takes nul for a device")]
    [InlineData("Aux.json", "Windows takes Aux for a device")]
    [InlineData("LPT1.tar.gz", "Windows takes LPT1 for a device")]
    [InlineData("COM²", "Windows takes COM² for a device")]
    public void A_name_that_some_system_does_not_take_is_told_why(string name, string? fault) =>
        Assert.Equal(fault, PortableName.FaultOf(name));

    [Theory]
    [InlineData("Qwen2.5-7B", "Qwen2.5-7B")]
    [InlineData("tiny Qwen2.5: a/b", "tiny-Qwen2.5--a-b")]
    [InlineData("nul", "-nul-")]
    [InlineData("..", "-..-")]
    [InlineData("v1.", "v1")]
    public void A_text_becomes_a_name_for_every_system(string text, string name)
    {
        Assert.Equal(name, PortableName.Of(text));
        Assert.Null(PortableName.FaultOf(PortableName.Of(text)));
    }

    [Fact]
    public void A_long_text_becomes_a_name_of_at_most_255_bytes() =>
        Assert.Equal(255, System.Text.Encoding.UTF8.GetByteCount(PortableName.Of(new string('意', 300))));

    [Fact]
    public void Two_names_that_only_case_tells_apart_are_found()
    {
        Assert.Equal(("README.md", "readme.md"), PortableName.Twins(["a", "README.md", "b", "readme.md"]));
        Assert.Null(PortableName.Twins(["a", "b/a", "b/B"]));
    }
}
