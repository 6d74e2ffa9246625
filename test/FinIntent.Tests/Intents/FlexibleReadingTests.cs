using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

/// <summary>The rule that counts an option in any of its forms. "-" stands for no choice.</summary>
public sealed class FlexibleReadingTests
{
    [Theory]
    [InlineData("B", "B")]
    [InlineData("b", "B")]
    [InlineData("Ｂ", "B")]
    [InlineData("ｂ。", "B")]
    [InlineData("（ｂ）", "B")]
    [InlineData("b. 个股问询", "B")]
    [InlineData("选项b", "B")]
    [InlineData("答案是：b", "B")]
    [InlineData("The answer is (b).", "B")]
    [InlineData("个股问询", "B")]
    [InlineData("这是个股问询，选Ｂ。", "B")]
    [InlineData("选项E，基金问询。", "E")]
    [InlineData("**B**", "B")]
    [InlineData("B\nB", "B")]
    [InlineData("A股个股，选 B", "B")]
    [InlineData("C类份额属于基金问询", "E")]
    [InlineData("E，ETF", "E")]
    [InlineData("D，因为是APP问题", "D")]
    [InlineData("A或B", "-")]
    [InlineData("A. 个股问询", "-")]
    [InlineData("个股问询还是基金问询", "-")]
    [InlineData("不知道", "-")]
    [InlineData("F", "-")]
    [InlineData("this is a question about a stock", "-")]
    [InlineData("the answer is a stock", "-")]
    [InlineData("abcde", "-")]
    [InlineData("", "-")]
    public void The_only_option_that_is_mentioned_is_read(string answer, string expected) =>
        Assert.Equal(expected, AnswerReading.Read(answer, ReadingRule.Flexible, IntentOptions.OpenFinData) ?? "-");

    [Theory]
    [InlineData("Card Arrival!", "card arrival")]
    [InlineData("card arrival, that is card arrival", "card arrival")]
    [InlineData("ｔｏｐ　ｕｐ", "top up")]
    [InlineData("card or top up", "-")]
    [InlineData("discard", "-")]
    public void Names_are_read_in_any_form(string answer, string expected) => Assert.Equal(expected,
        AnswerReading.Read(answer, ReadingRule.Flexible, IntentOptions.Named(["card", "card arrival", "top up"])) ?? "-");

    [Fact]
    public void Letters_beside_the_labels_are_English_words()
    {
        var ten = IntentOptions.Lettered([.. Enumerable.Range(0, 10).Select(i => $"intent {i}")]);

        Assert.Equal("B", AnswerReading.Read("I think it is B.", ReadingRule.Flexible, ten));
        Assert.Equal("I", AnswerReading.Read("I", ReadingRule.Flexible, ten));
    }

    [Fact]
    public void A_sign_that_only_looks_like_a_letter_of_a_name_is_no_mention() => // U+212A, the sign of the kelvin
        Assert.Null(AnswerReading.Read("ris\u212A", ReadingRule.Flexible, IntentOptions.Named(["risk", "fund"])));
}
