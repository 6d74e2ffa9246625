using FinIntent.Files;
using Xunit;

namespace FinIntent.Tests.Files;

public sealed class EditDistanceTests
{
    [Theory]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("abc", "acb", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void It_counts_insertions_deletions_replacements_and_swaps(string a, string b, int mistakes) =>
        Assert.Equal(mistakes, EditDistance.Between(a, b));

    [Theory]
    [InlineData("formating", "formatting")] // a letter too few
    [InlineData("formattting", "formatting")] // one too many
    [InlineData("fromatting", "formatting")] // two swapped
    [InlineData("Formatting", "formatting")] // a capital
    [InlineData("format", "formatting")] // its beginning
    [InlineData("转帐", "转账")]
    [InlineData("sgae", "sage")]
    public void A_near_word_is_found(string word, string meant) =>
        Assert.Equal(meant, EditDistance.Nearest(word, ["columns", "file_name", "formatting", "转账", "sage"]));

    [Theory]
    [InlineData("galore_rank")] // 3 mistakes in 11 letters
    [InlineData("notes")]
    [InlineData("My_data")]
    [InlineData("x")]
    [InlineData("")]
    [InlineData("lor")] // a beginning, but a short one
    [InlineData("买入")]
    public void A_word_that_is_far_from_all_is_near_none(string word) =>
        Assert.Null(EditDistance.Nearest(word, ["lora_rank", "rows", "intent_val", "y", "api_model", "卖出"]));

    [Fact]
    public void A_message_ends_with_the_near_word_or_with_all_where_they_are_few()
    {
        Assert.Equal("; did you mean \"rows\"?", EditDistance.Hint("rowss", ["rows", "text"]));
        Assert.Equal("; known are rows, text", EditDistance.Hint("zzz", ["rows", "text"]));
        Assert.Equal("", EditDistance.Hint("zzz", []));
        Assert.Equal("", EditDistance.Hint("zzz", [.. Enumerable.Range(100, 9).Select(i => $"key{i}")]));
    }

    [Fact]
    public void A_word_of_a_million_letters_is_not_compared_letter_by_letter()
    {
        var word = new string('a', 1_000_000);

        Assert.Null(EditDistance.Nearest(word, [new string('a', 999_999), "aaa"]));
    }
}
