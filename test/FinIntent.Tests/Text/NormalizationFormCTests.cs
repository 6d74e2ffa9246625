using System.Globalization;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed class NormalizationFormCTests
{
    /// <summary>The cases are Python's, see tools/make_nfc_cases.py.</summary>
    [Fact]
    public void Random_strings_become_what_unicode_says()
    {
        foreach (var line in File.ReadLines(Reference.Path("fixtures/text/nfc_cases.txt")))
        {
            var sides = line.Split('|').Select(Text).ToArray();

            Assert.Equal(sides[1], NormalizationFormC.Normalize(sides[0]));
            Assert.Equal(sides[1], NormalizationFormC.Normalize(sides[1]));
        }
    }

    [Fact]
    public void A_normal_text_is_returned_as_it_is()
    {
        const string Text = "沪深300（Ａ股）怎么样？ok — ①🙂日本語テキスト";

        Assert.Same(Text, NormalizationFormC.Normalize(Text));
    }

    static string Text(string codePoints) => string.Concat(
        codePoints.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(codePoint => char.ConvertFromUtf32(int.Parse(codePoint, NumberStyles.HexNumber))));
}
