using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

public sealed class AlpacaFileTests
{
    // As it stands in the seed's rows.
    const string Prompt = """作为一个意图情绪助手，请分析以下问句的意图类型。\n\n问句: 煤炭股<还>能\"拿\"吗\n\n请从以下选项中选择最合适的意图类型：""" +
        """\nA. 行业板块问询\nB. 个股问询\nC. 大盘问询\nD. 客服问询\nE. 基金问询\n\n请仅回答选项字母（A、B、C、D或E）。""";

    [Fact]
    public void Converted_OpenFinData_items_are_the_seeds_rows()
    {
        using var folder = new TemporaryFolder();
        var source = folder.Write("intent_understanding.json", """
            [{"id": "0", "question": "你是一个意图情绪助手。请分析以下问句的意图是[大盘问询，行业板块问询，个股问询，基金问询，客服问询]中的哪一个？请给出正确选项。\n问句:煤炭股<还>能\"拿\"吗",
              "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "A"}]
            """);

        AlpacaFile.Write(folder["alpaca.json"], OpenFinData.Read(source));

        Assert.Equal("""
            [
              {
                "instruction": "PROMPT",
                "input": "",
                "output": "A"
              }
            ]

            """.ReplaceLineEndings("\n").Replace("PROMPT", Prompt), File.ReadAllText(folder["alpaca.json"]));
    }

    [Fact]
    public void Other_rows_are_not_converted()
    {
        using var folder = new TemporaryFolder();

        var error = Assert.Throws<UserErrorException>(() =>
            OpenFinData.Read(folder.Write("x.json", """[{"instruction": "x", "output": "A"}]""")));

        Assert.Contains("x.json:1: not an OpenFinData item", error.Message);
    }
}
