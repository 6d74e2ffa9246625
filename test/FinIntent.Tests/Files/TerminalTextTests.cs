using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class TerminalTextTests
{
    /// <summary>As terminals draw them: UAX 11's wide characters take two columns, combining ones and control characters none.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("macro-F1", 8)]
    [InlineData("宏 F1", 5)]
    [InlineData("大盘问询：（A）", 15)]
    [InlineData("93.3–99.0 … −1.2 ± 0.4", 22)]
    [InlineData("→ █", 3)]
    [InlineData("한국어 かな", 11)]
    [InlineData("e\u0301", 1)]
    [InlineData("𠀀😀", 4)]
    [InlineData("a\tb", 2)]
    public void A_text_is_as_wide_as_a_terminal_draws_it(string text, int columns)
    {
        Assert.Equal(columns, TerminalText.Width(text));
        Assert.Equal(Math.Max(20, columns), TerminalText.Width(TerminalText.PadLeft(text, 20)));
        Assert.StartsWith(text, TerminalText.PadRight(text, 20), StringComparison.Ordinal);
    }
}
