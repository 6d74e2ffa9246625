using System.Security.Cryptography;
using System.Text;
using FinIntent.EmbeddedModel.Sources;
using Xunit;

namespace FinIntent.Tests.EmbeddedModel;

public sealed class LeakFilterTests
{
    [Theory]
    [InlineData("今天的大盘怎么样", false)]
    [InlineData("今天的大盘怎么样？？", false)]
    [InlineData("请问今天的大盘怎么样", false)] // 7 shared bigrams of 9: 0.78
    [InlineData("今天的大盘", true)] // 4 shared bigrams of 7: 0.57
    [InlineData("基金怎么赎回", true)]
    public void A_text_leaks_from_three_fifths_of_the_bigrams_on(string text, bool allowed)
    {
        var filter = new LeakFilter();
        filter.Reserve("今天的大盘怎么样");

        Assert.Equal(allowed, filter.Allows(text));
        Assert.Equal(allowed ? 0 : 1, filter.Dropped);
    }

    [Fact]
    public void A_text_whose_hash_is_reserved_leaks_whatever_its_signs()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "reserved.sha256");
        File.WriteAllText(path, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("某etf怎么买"))) + "\n");

        var filter = LeakFilter.Load([path]);

        Assert.False(filter.Allows("某ETF怎么买？"));
        Assert.True(filter.Allows("某ETF怎么卖？"));
    }

    [Fact]
    public void Tables_and_rows_give_their_questions()
    {
        using var folder = new TemporaryFolder();
        var table = Path.Combine(folder.Path, "a.csv");
        var rows = Path.Combine(folder.Path, "b.jsonl");
        File.WriteAllText(table, "\uFEFFid,question\n0,\"贵，不贵\"\n");
        File.WriteAllText(rows, """{"instruction":"问句: 咋开户\nA. 甲\nB. 乙","output":"A"}""");

        var filter = LeakFilter.Load([table, rows]);

        Assert.Equal(2, filter.ReservedQuestions);
        Assert.False(filter.Allows("贵不贵"));
        Assert.False(filter.Allows("咋开户"));
    }
}
