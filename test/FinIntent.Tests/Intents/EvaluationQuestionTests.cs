using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Intents;

public sealed class EvaluationQuestionTests
{
    const string Item = """
        {"id": "7", "question": "你是一个意图情绪助手。请分析以下问句的意图是[大盘问询，行业板块问询，个股问询，基金问询，客服问询]中的哪一个？请给出正确选项。\n问句:煤炭股还能拿吗",
         "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "A"}
        """;

    const string Row = """{"instruction": "问句: 今天怎么跌了\nA. 个股\nB. 大盘", "input": "", "output": "B"}""";

    [Fact]
    public void An_OpenFinData_item_is_asked_in_the_words_of_training()
    {
        var question = Assert.Single(Load($"[{Item}]"));

        Assert.Equal(("7", "煤炭股还能拿吗", "A"), (question.Id, question.Question, question.Gold));
        Assert.Equal(IntentOptions.OpenFinData, question.Options);
        Assert.Equal(IntentPrompt.For("煤炭股还能拿吗", IntentOptions.OpenFinData).Text, question.Prompt.Text);
    }

    [Fact]
    public void An_Alpaca_row_keeps_its_own_words_and_is_numbered()
    {
        var questions = Load(Row + "\n\n" + Row);

        Assert.Equal(["0", "1"], questions.Select(q => q.Id));
        Assert.Equal(("今天怎么跌了", "B", "大盘"), (questions[0].Question, questions[0].Gold, questions[0].Options[1].Name));
        Assert.Equal("问句: 今天怎么跌了\nA. 个股\nB. 大盘", questions[0].Prompt.Text);
    }

    [Fact]
    public void Instruction_and_input_are_joined_as_in_training() =>
        Assert.Equal("选择\nA. x\nB. y", Load("""[{"instruction": "选择", "input": "A. x\nB. y", "output": "A"}]""")[0].Prompt.Text);

    [Theory, InlineData("gold", "大盘"), InlineData("intent", "大盘"), InlineData("label", "B")]
    public void With_a_schema_rows_may_name_their_intent(string key, string value)
    {
        using var folder = new TemporaryFolder();
        var schema = IntentSchema.Load(folder.Write("schema.yaml", "name: s\nlanguage: zh\nlabels: letters\nintents: [{name: 个股}, {name: 大盘}]"));
        var file = folder.Write("rows.jsonl", $$"""{"question": "今天怎么跌了", "{{key}}": "{{value}}"}""");

        var question = Assert.Single(EvaluationQuestion.Load(file, schema));
        var without = Assert.Throws<UserErrorException>(() => EvaluationQuestion.Load(file));
        var unknown = Assert.Throws<UserErrorException>(() => EvaluationQuestion.Load(folder.Write("rows.jsonl", """{"question": "今天怎么跌了", "gold": "大盆"}"""), schema));

        Assert.Equal(("0", "今天怎么跌了", "B", schema.Prompt("今天怎么跌了").Text), (question.Id, question.Question, question.Gold, question.Prompt.Text));
        Assert.Contains("give intent_schema", without.Message);
        Assert.Contains("rows.jsonl:1: \"gold\" is \"大盆\", which is no intent of s; did you mean \"大盘\"?", unknown.Message);
    }

    [Theory]
    [InlineData("[]", "no questions")]
    [InlineData("""[{"instruction": "没有选项", "output": "A"}]""", "row 1: the instruction has no options")]
    [InlineData("""[{"instruction": "A. x\nB. y", "output": "C"}]""", "row 1: \"output\" is \"C\", which is none of the options A, B")]
    [InlineData("""{"text": "x"}""", ":1: neither an Alpaca row")]
    [InlineData("{\"instruction\": \"A. x\\nB. y\", \"output\": \"A\"}\n{\"instruction\": 5", ":2: not valid JSON")]
    [InlineData("[{\"instruction\": \"A. x\\nB. y\",\n\"output\": }]", ":2: not valid JSON")]
    [InlineData("""[{"id": 1, "instruction": "A. x\nB. y", "output": "A"}, {"id": 1, "instruction": "A. x\nB. y", "output": "A"}]""", "two questions have the id \"1\"")]
    [InlineData("""[{"instruction": "A. x\nB. y", "output": "A", "history": [["a", "b"]]}]""", "row 1: a question to evaluate must have no history")]
    public void Errors_name_the_file_and_the_row(string content, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Load(content));

        Assert.Contains(expected, error.Message);
        Assert.Contains("questions.json", error.Message);
    }

    [Fact]
    public void Items_with_the_official_options_are_OpenFinDatas_whatever_their_words()
    {
        bool Recognised(string json) => OpenFinData.IsIntentItem(System.Text.Json.JsonDocument.Parse(json).RootElement);

        Assert.True(Recognised(Item));
        Assert.True(Recognised(Item.Replace("你是一个意图情绪助手", "你好")));
        Assert.False(Recognised(Item.Replace("基金问询\"", "其他\"")));
        Assert.False(Recognised(Row));
    }

    static IReadOnlyList<EvaluationQuestion> Load(string content)
    {
        using var folder = new TemporaryFolder();
        return EvaluationQuestion.Load(folder.Write("questions.json", content));
    }
}
