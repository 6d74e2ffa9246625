using FinIntent.Authoring;
using FinIntent.Data.Leaks;
using FinIntent.Intents;
using FinIntent.Settings;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class AnswerReadingTests
{
    [Theory]
    [InlineData("""[{"question":"a"},{"question":"b"}]""", 2, 0)]
    [InlineData("""{"rows":[{"question":"a"},{"question":"b"}]}""", 2, 0)]
    [InlineData("{\"question\":\"a\"}\n{\"question\":\"b\"}", 2, 0)]
    [InlineData("Sure! {so}\n```json\n[{\"question\":\"a\"},\n{\"question\":\"b\"},]\n```\nDone {ok}", 2, 0)]
    [InlineData("""[{"question":"a"},{"question":"b""", 1, 1)]
    [InlineData("""{"rows":[{"question":"a"},{"quest""", 1, 1)]
    [InlineData("""[{"question":"say \"}\" {"},{"question":"b"}]""", 2, 0)]
    [InlineData("""[{"question":"say "hi""},{"question":"b"}]""", 1, 1)]
    [InlineData("""[{"q":"a"}]""", 0, 0)]
    [InlineData("no rows", 0, 0)]
    [InlineData("", 0, 0)]
    public void Rows_are_found_whatever_is_around_them(string answer, int rows, int broken)
    {
        var (objects, found) = JsonObjects.In(answer, "question");

        Assert.Equal((rows, broken), (objects.Count, found));
    }

    [Fact]
    public void An_answer_of_braces_does_not_take_long() => Assert.Empty(JsonObjects.In(new string('{', 200_000), "question").Objects);

    [Theory]
    [InlineData("半导体还能涨吗", null)]
    [InlineData("ETF和LOF有什么区别", null)]
    [InlineData("3.5%的收益高不高", null)]
    [InlineData("A股今天怎么样", null)]
    [InlineData("行业板块问询是什么功能", null)]
    [InlineData("…？", "Empty")]
    [InlineData("怎么\n样", "Malformed")]
    [InlineData("how about Moutai", "Language")]
    [InlineData("モウタイはどう", "Language")]
    [InlineData("A. 半导体还能涨吗", "TellsAnswer")]
    [InlineData("1、半导体还能涨吗", "TellsAnswer")]
    [InlineData("- 半导体还能涨吗", "TellsAnswer")]
    [InlineData("半导体还能涨吗（A）", "TellsAnswer")]
    [InlineData("选项B对不对", "TellsAnswer")]
    [InlineData("问句: 半导体还能涨吗", "TellsAnswer")]
    [InlineData("半导体还能涨吗【行业板块问询】", "TellsAnswer")]
    [InlineData("个股问询", "TellsAnswer")]
    [InlineData("请从以下选项中选择最合适的意图类型吧", "Echo")]
    [InlineData("每条只有一行，是用户自己的话；不写意图名称、选项字母、编号、解释。", "Echo")]
    [InlineData("两市成交额今天放大没有呀", "Leak")]
    public void A_question_must_be_a_users_own(string question, string? expected)
    {
        var check = new QuestionCheck(IntentSchema.OpenFinData, new LeakCheck([new("eval.json:1", "两市成交额今天放大没有")]));

        Assert.Equal(expected, check.Of(question)?.ToString());
    }

    [Theory]
    [InlineData("my card hasnt arrived yet, where is it", null)]
    [InlineData("我的卡在哪里", "Language")]
    [InlineData("B) where is my card", "TellsAnswer")]
    [InlineData("Answer: where is my card", "TellsAnswer")]
    [InlineData("where is my card (card arrival)", "TellsAnswer")]
    [InlineData("is card arrival something you can tell me", null)]
    [InlineData("Decide what the following message is about. Where is my card", "Echo")]
    public void In_English_too(string question, string? expected) =>
        Assert.Equal(expected, new QuestionCheck(English(), null).Of(question)?.ToString());

    [Fact]
    public void A_prompt_says_what_is_wanted_in_the_schemas_language()
    {
        var order = new WritingOrder(0, [(new(3, 6), 2), (new(7, 12), 3)], "a beginner");

        var prompt = WritingPrompt.For(English(), order, LengthUnit.Words, ["has my card been sent"]).Messages[0].Content;

        foreach (var part in (string[])["This time write for one intent only: card arrival: A card was ordered and is not there.",
            "- top up: Adding money.", "- Money by card is top up.",
            "- where is my card", "- 5 messages in all; lengths in words: 2 of 3-6, 3 of 7-12.", "- Voice: a beginner.",
                "- has my card been sent", """{"question": "the message", "intent": "card arrival"}"""])
            Assert.Contains(part, prompt);
        var judging = JudgingPrompt.For(English(), [1, 0], ["where is it"]).Messages[0].Content;
        Assert.True(judging.IndexOf("- top up: ", StringComparison.Ordinal) < judging.IndexOf("- card arrival: ",
            StringComparison.Ordinal));
        Assert.Contains("\n1. where is it", judging);
    }

    static IntentSchema English()
    {
        using var folder = new TemporaryFolder();
        return IntentSchema.Load(folder.Write("schema.yaml", """
            name: bank
            language: en
            labels: names
            intents:
              - name: card arrival
                description: A card was ordered and is not there.
                examples: [where is my card]
                borderline: [Money by card is top up.]
              - name: top up
                description: Adding money.
            """));
    }

    [Fact]
    public void Verdicts_are_read_by_number_and_name_and_what_names_neither_is_left_out()
    {
        var verdicts = JudgingPrompt.Read("""
            ```json
            [{"n": 1, "intent": "个股问询", "reason": "点名"}, {"n": "2", "intent": "以上都不是"}, {"n": 3, "intent": "天气"}, {"n": 9, "intent": "个股问询"}, {"intent": "个股问询"}]
            ```
            """, IntentSchema.OpenFinData, 4);

        Assert.Equal([(0, new Verdict(1, "点名")), (1, new Verdict(null, ""))], verdicts.Select(v => (v.Key, v.Value)));
    }

    [Fact]
    public void Near_repeats_are_found_among_any_number_of_texts()
    {
        var random = new Random(1);
        var index = new GrowingIndex();
        List<string> texts = [.. Enumerable.Range(0, 500).Select(_ => ScriptedModel.Question(random, 12))];
        foreach (var (i, text) in texts.Index())
        {
            Assert.Null(index.Find(text));
            index.Add(text);
            var earlier = texts[random.Next(i + 1)];
            Assert.Equal(earlier, index.Find(earlier + "！"));
            Assert.Equal(earlier, index.Find(earlier[..10]));
        }
    }

    [Fact]
    public void A_plan_has_the_wanted_shares_also_where_an_intent_has_few_rows()
    {
        var settings = new GenerateSettings
        {
            Rows = 100,
            LengthShares = new Dictionary<string,
            double>
            { ["1-5"] = 1, ["6-9"] = 2, ["10-20"] = 1 }
        };
        var schema = IntentSchema.OpenFinData;

        var plan = DatasetPlan.Of(settings with
        {
            ClassShares = schema.Intents.Select((intent, i) => (intent.Name, Share: i + 1.0))
            .ToDictionary(p => p.Name, p => p.Share)
        }, schema);

        Assert.Equal([7, 13, 20, 27, 33], Enumerable.Range(0, 5).Select(plan.RowsOf));
        Assert.Equal([25, 50, 25], Enumerable.Range(0, 3).Select(l => plan.Wanted.Sum(row => row[l])));
        Assert.All(plan.Wanted, row => Assert.InRange(row[1] - 0.5 * row.Sum(), -1, 1));
    }
}
