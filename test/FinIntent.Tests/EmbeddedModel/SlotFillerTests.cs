using FinIntent.EmbeddedModel.Teaching;
using Xunit;

namespace FinIntent.Tests.EmbeddedModel;

public sealed class SlotFillerTests
{
    readonly SlotFiller _filler = new(new(new(Reference.Path("fixtures/corpus")), TeachGeneratorTests.Teach()));

    [Theory]
    [InlineData("{sector}板块怎么样", "板块板块", "概念板块", "行业板块")]
    [InlineData("{sector}概念股", "概念概念", "股概念")]
    [InlineData("{company}基金靠谱吗", "基金基金")]
    [InlineData("{etf}ETF", "ETFETF")]
    [InlineData("{index}指数", "指数指数")]
    public void A_name_does_not_say_again_what_follows_it(string template, params string[] wrong)
    {
        foreach (var text in Filled(template, 2000)) Assert.All(wrong, part => Assert.DoesNotContain(part, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{stock}|{stock2}")]
    [InlineData("{sector}|{sector}")]
    public void Two_slots_get_two_names(string template) =>
        Assert.All(Filled(template, 3000).Select(text => text.Split('|')), names => Assert.NotEqual(names[0], names[1]));

    [Theory]
    [InlineData("破了{n}点", 2800, 4600)]
    [InlineData("亏了{n}%", 2, 59)]
    [InlineData("等了{n}天", 2, 15)]
    public void Numbers_fit_their_unit(string template, int least, int most)
    {
        foreach (var text in Filled(template, 500)) Assert.InRange(int.Parse(string.Concat(text.Where(char.IsAsciiDigit))), least, most);
    }

    [Fact]
    public void An_unknown_slot_is_named_with_its_line()
    {
        var error = Assert.Throws<UserErrorException>(() => _filler.Fill(new("stock", "{stok}怎么样", 1, "stock.txt:3"), new(0)));

        Assert.StartsWith("stock.txt:3: unknown slot {stok}", error.Message, StringComparison.Ordinal);
    }

    IEnumerable<string> Filled(string template, int count)
    {
        var random = new Random(9);
        return Enumerable.Range(0, count).Select(_ => _filler.Fill(new("stock", template, 1, "test"), random).Text).ToList();
    }
}
