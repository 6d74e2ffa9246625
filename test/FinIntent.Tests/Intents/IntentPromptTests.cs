using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class IntentPromptTests
{
    // The instruction as the seed project's README prints it ("处理后数据格式"), around another question.
    const string SeedInstruction = """
        作为一个意图情绪助手，请分析以下问句的意图类型。

        问句: 煤炭股还能拿吗

        请从以下选项中选择最合适的意图类型：
        A. 行业板块问询
        B. 个股问询
        C. 大盘问询
        D. 客服问询
        E. 基金问询

        请仅回答选项字母（A、B、C、D或E）。
        """;

    static string Seed => SeedInstruction.ReplaceLineEndings("\n");

    [Fact]
    public void The_instruction_is_the_seeds_byte_for_byte() =>
        Assert.Equal(Seed, IntentPrompt.For("煤炭股还能拿吗", IntentOptions.OpenFinData).Text);

    [Theory]
    [InlineData("煤炭股还能拿吗")]
    [InlineData("A. 这行像选项\nB. 这行也像")]
    [InlineData(" 前后有空格 ")]
    public void Parsing_gives_back_question_and_options(string question)
    {
        var parsed = IntentPrompt.Parse(IntentPrompt.For(question, IntentOptions.OpenFinData).Text)!;

        Assert.Equal(question, parsed.Question);
        Assert.Equal(IntentOptions.OpenFinData, parsed.Options);
    }

    [Fact]
    public void Any_label_set_up_to_Z_is_read()
    {
        var options = IntentOptions.Lettered([.. Enumerable.Range(1, 26).Select(i => $"intent {i}")]);

        Assert.Equal(options, IntentPrompt.Parse(IntentPrompt.For("q", options).Text)!.Options);
        Assert.Equal("请仅回答选项字母（A或B）。", IntentPrompt.For("q", IntentOptions.Lettered(["x", "y"])).Text.Split('\n')[^1]);
    }

    [Fact]
    public void Other_wordings_are_read_and_keep_their_words()
    {
        const string text = "Question: is it open today?\r\nA) yes\r\nB) no \r\nAnswer:";

        var parsed = IntentPrompt.Parse(text)!;

        Assert.Equal("is it open today?", parsed.Question);
        Assert.Equal([new("A", "yes"), new("B", "no")], parsed.Options);
        Assert.Equal(text, parsed.Text);
    }

    [Fact]
    public void Permuted_names_stand_in_the_old_places()
    {
        string[] names = ["大盘问询", "基金问询", "行业板块问询", "个股问询", "客服问询"];

        var rewritten = IntentPrompt.Parse(Seed)!.With(names);

        Assert.Equal(IntentPrompt.For("煤炭股还能拿吗", IntentOptions.Lettered(names)).Text, rewritten.Text);
        Assert.Equal(Seed, rewritten.With([.. IntentOptions.OpenFinData.Select(o => o.Name)]).Text);
    }

    [Fact]
    public void Names_as_labels_stand_in_a_list_in_either_language()
    {
        string[] names = ["余额查询", "转账失败", "挂失"];
        var options = IntentOptions.Named(names);

        foreach (var wording in new[] { PromptWording.ChineseNames, PromptWording.EnglishNames })
        {
            var prompt = IntentPrompt.For("我的卡\n丢了", options, wording);
            var parsed = IntentPrompt.Parse(prompt.Text)!;

            Assert.Contains("\n- 余额查询\n- 转账失败\n- 挂失\n", prompt.Text);
            Assert.Equal(("我的卡\n丢了", prompt.Text), (parsed.Question, parsed.With(names).Text));
            Assert.Equal(options, parsed.Options);
            Assert.Equal(IntentOptions.Named([.. names.Reverse()]), parsed.With([.. names.Reverse()]).Options);
        }
        Assert.EndsWith("(A, B or C).", IntentPrompt.For("q", IntentOptions.Lettered(names), PromptWording.English).Text);
    }

    [Theory]
    [InlineData("只有问题，没有选项")]
    [InlineData("A. 只有一个")]
    [InlineData("B. 没有A\nC. 也没有")]
    public void A_prompt_without_options_is_not_one(string text) => Assert.Null(IntentPrompt.Parse(text));
}
