using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Text;

public sealed class PreTokenizerTests
{
    const string Words = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|",
        Rest = @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    const string Qwen = Words + @"\p{N}" + Rest;
    const string Llama = Words + @"\p{N}{1,3}" + Rest;

    [Theory]
    [InlineData(Qwen)]
    [InlineData(Llama)]
    public void The_scanner_cuts_where_the_regex_does(string pattern)
    {
        string[] parts = ["a", "B", "s", "LL", "re", "'", "'s", "'LL", "中", "𠮷", "1", "２", "Ⅷ", "𝟘", " ", "  ", "\t",
            "\u3000", "\u0085", "\u200B", "\n", "\r\n", "!", "，", "😀", "\u0301", "\uD800"];
        var random = new Random(42);
        var (scanner, regex) = (PreTokenizer.For(pattern, "tokenizer.json"), new RegexPreTokenizer(pattern, "tokenizer.json"));
        Assert.IsType<WordScanner>(scanner);

        for (var round = 0; round < 20_000; round++)
        {
            var text = string.Concat(random.GetItems(parts, random.Next(1, 10)));

            Assert.True(Cut(regex, text).SequenceEqual(Cut(scanner, text)), $"{text}: {string.Join('|', Cut(scanner, text))}");
        }
    }

    [Fact]
    public void The_long_s_ends_a_contraction() =>
        Assert.Equal(["it", "'ſ", "oh"], Cut(PreTokenizer.For(Qwen, "tokenizer.json"), "it'ſoh"));

    [Fact]
    public void Text_between_the_matches_of_another_pattern_is_kept() =>
        Assert.Equal(["ab", "12", "𠮷", "c", "3"], Cut(PreTokenizer.For(@"\p{Nd}+|\p{Lo}", "tokenizer.json"), "ab12𠮷c3"));

    [Fact]
    public void A_pattern_that_cannot_be_read_is_named()
    {
        var error = Assert.Throws<UserErrorException>(() => PreTokenizer.For(@"\p{Han}+", "tokenizer.json"));

        Assert.Contains(@"\p{Han}+", error.Message);
    }

    static List<string> Cut(PreTokenizer preTokenizer, string text)
    {
        List<int> ends = [];
        preTokenizer.Split(text, ends);
        return [.. ends.Select((end, i) => text[(i == 0 ? 0 : ends[i - 1])..end])];
    }
}
