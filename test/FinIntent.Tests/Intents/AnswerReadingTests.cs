using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class AnswerReadingTests
{
    // "-" stands for no choice. Expected values follow from the three definitions; the lenient ones were checked with Python's
    // re.findall(r'(?:选项)?([A-E])[：.]?', answer), the last-capital ones with OpenCompass's loop over str.isupper (Python 3.11).
    [Theory]
    [InlineData("A", 'A', 'A', 'A')]
    [InlineData(" B\n", 'B', 'B', 'B')]
    [InlineData("B. 个股问询", '-', 'B', 'B')]
    [InlineData("选项E，基金问询。", '-', 'E', 'E')]
    [InlineData("选项C：大盘问询", '-', 'C', 'C')]
    [InlineData("A或B", '-', '-', 'B')]
    [InlineData("A. A股", '-', '-', 'A')]
    [InlineData("D，因为是APP问题", '-', '-', '-')]
    [InlineData("E，ETF", '-', '-', '-')]
    [InlineData("F", '-', '-', '-')]
    [InlineData("b", '-', '-', '-')]
    [InlineData("Ｂ", '-', '-', '-')]
    [InlineData("A Ⅳ", '-', 'A', '-')]
    [InlineData("C 𝐀", '-', 'C', '-')]
    [InlineData("", '-', '-', '-')]
    [InlineData("个股问询", '-', '-', '-')]
    public void The_three_rules_read_an_answer(string answer, char strict, char lenient, char lastCapital)
    {
        char Read(ReadingRule rule) => AnswerReading.Read(answer, rule, IntentSchema.OpenFinData) ?? '-';

        Assert.Equal(strict, Read(ReadingRule.Strict));
        Assert.Equal(lenient, Read(ReadingRule.Lenient));
        Assert.Equal(lastCapital, Read(ReadingRule.LastCapital));
    }

    [Fact]
    public void The_letters_are_those_of_the_question()
    {
        var three = IntentSchema.Lettered(["x", "y", "z"]);

        Assert.Equal('A', AnswerReading.Read("A not E", ReadingRule.Lenient, three));
        Assert.Null(AnswerReading.Read("E", ReadingRule.Strict, three));
        Assert.Null(AnswerReading.Read("A not E", ReadingRule.LastCapital, three));
    }
}
