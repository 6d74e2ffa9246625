using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class AnswerReadingTests
{
    // "-" stands for no choice. Expected values follow from the three definitions; the lenient ones were checked with Python's
    // re.findall(r'(?:选项)?([A-E])[：.]?', answer), the last-capital ones with OpenCompass's loop over str.isupper (Python 3.11).
    [Theory]
    [InlineData("A", "A", "A", "A")]
    [InlineData(" B\n", "B", "B", "B")]
    [InlineData("B. 个股问询", "-", "B", "B")]
    [InlineData("选项E，基金问询。", "-", "E", "E")]
    [InlineData("选项C：大盘问询", "-", "C", "C")]
    [InlineData("A或B", "-", "-", "B")]
    [InlineData("A. A股", "-", "-", "A")]
    [InlineData("D，因为是APP问题", "-", "-", "-")]
    [InlineData("E，ETF", "-", "-", "-")]
    [InlineData("F", "-", "-", "-")]
    [InlineData("b", "-", "-", "-")]
    [InlineData("Ｂ", "-", "-", "-")]
    [InlineData("A Ⅳ", "-", "A", "-")]
    [InlineData("C 𝐀", "-", "C", "-")]
    [InlineData("", "-", "-", "-")]
    [InlineData("个股问询", "-", "-", "-")]
    public void The_three_rules_read_an_answer(string answer, string strict, string lenient, string lastCapital)
    {
        string Read(ReadingRule rule) => AnswerReading.Read(answer, rule, IntentOptions.OpenFinData) ?? "-";

        Assert.Equal(strict, Read(ReadingRule.Strict));
        Assert.Equal(lenient, Read(ReadingRule.Lenient));
        Assert.Equal(lastCapital, Read(ReadingRule.LastCapital));
    }

    [Fact]
    public void The_letters_are_those_of_the_question()
    {
        var three = IntentOptions.Lettered(["x", "y", "z"]);

        Assert.Equal("A", AnswerReading.Read("A not E", ReadingRule.Lenient, three));
        Assert.Null(AnswerReading.Read("E", ReadingRule.Strict, three));
        Assert.Null(AnswerReading.Read("A not E", ReadingRule.LastCapital, three));
    }

    [Theory]
    [InlineData("card arrival", "card arrival", "card arrival")]
    [InlineData("It is card arrival.", "-", "card arrival")]
    [InlineData("card", "card", "card")]
    [InlineData("card or card arrival", "-", "-")]
    [InlineData("Card", "card", "card")]
    [InlineData("TOP UP!", "-", "top up")]
    [InlineData("I discarded it", "-", "-")]
    [InlineData("discard the card", "-", "card")]
    [InlineData("card2", "-", "-")]
    public void Names_are_read_whole_and_the_longer_one_first(string answer, string strict, string lenient)
    {
        var options = IntentOptions.Named(["card", "card arrival", "top up"]);

        Assert.Equal([ReadingRule.Strict, ReadingRule.Lenient, ReadingRule.Flexible], AnswerReading.RulesFor(options));
        Assert.Equal(strict, AnswerReading.Read(answer, ReadingRule.Strict, options) ?? "-");
        Assert.Equal(lenient, AnswerReading.Read(answer, ReadingRule.Lenient, options) ?? "-");
    }
}
