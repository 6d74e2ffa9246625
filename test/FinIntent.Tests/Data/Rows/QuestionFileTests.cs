using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

public sealed class QuestionFileTests
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
        var schema = IntentSchema.Load(
            folder.Write("schema.yaml", "name: s\nlanguage: zh\nlabels: letters\nintents: [{name: 个股}, {name: 大盘}]"));
        var file = folder.Write("rows.jsonl", $$"""{"question": "今天怎么跌了", "{{key}}": "{{value}}"}""");

        var question = Assert.Single(QuestionFile.Load(file, schema));
        var without = Assert.Throws<UserErrorException>(() => QuestionFile.Load(file));
        var unknown = Assert.Throws<UserErrorException>(() =>
            QuestionFile.Load(folder.Write("rows.jsonl", """{"question": "今天怎么跌了", "gold": "大盆"}"""), schema));

        Assert.Equal(("0", "今天怎么跌了", "B", schema.Prompt("今天怎么跌了").Text),
            (question.Id, question.Question, question.Gold, question.Prompt.Text));
        Assert.Contains("give intent_schema", without.Message);
        Assert.Contains("rows.jsonl:1: \"gold\" is \"大盆\", which is no intent of s; did you mean \"大盘\"?", unknown.Message);
    }

    [Theory]
    [InlineData("[]", "no questions")]
    [InlineData("""[{"instruction": "没有选项", "output": "A"}]""", ":1: the instruction has no options")]
    [InlineData("""[{"instruction": "A. x\nB. y", "output": "C"}]""", ":1: its answer is \"C\", which is none of the options A, B")]
    [InlineData("""{"text": "x"}""", ":1: it has a text and no intent; its columns are text")]
    [InlineData("{\"instruction\": \"A. x\\nB. y\", \"output\": \"A\"}\n{\"instruction\": 5", ":2: not valid JSON")]
    [InlineData("[{\"instruction\": \"A. x\\nB. y\",\n\"output\": }]", ":2: not valid JSON")]
    [InlineData("""[{"id": 1, "instruction": "A. x\nB. y", "output": "A"}, {"id": 1, "instruction": "A. x\nB. y", "output": "A"}]""",
        "two questions have the id \"1\"")]
    [InlineData("""[{"instruction": "A. x\nB. y", "output": "A", "history": [["a"]]}]""",
        ":1: column \"history\" must be a list of [question, answer] pairs")]
    [InlineData("""[{"instruction": "A. x\nB. x", "output": "A"}]""", ":1: the option \"x\" is listed 2 times")]
    public void Errors_name_the_file_and_the_row(string content, string expected)
    {
        var error = Assert.Throws<UserErrorException>(() => Load(content));

        Assert.Contains(expected, error.Message);
        Assert.Contains("questions.json", error.Message);
    }

    const string Schema = "name: s\nlanguage: en\nlabels: letters\nintents: [{name: card lost}, {name: top up}]";

    [Theory]
    [InlineData("""{"question": "gone", "gold": "A", "label": "card lost"}""", "A")]
    [InlineData("""{"question": "gone", "intent": "card lost", "label": 12}""", "A")]
    [InlineData("""{"question": "gone", "label": "top up", "gold": null}""", "B")]
    public void Every_command_reads_the_same_answer_of_a_row(string row, string label)
    {
        using var folder = new TemporaryFolder();
        var schema = IntentSchema.Load(folder.Write("schema.yaml", Schema));
        var file = folder.Write("rows.jsonl", row);

        Assert.Equal(label, Assert.Single(QuestionFile.Load(file, schema)).Gold);
        Assert.Equal(label, Assert.Single(QuestionFile.LoadLabelled(file, schema)).Label);
        Assert.Equal(label, Assert.Single(QuestionFile.Convert(file, schema)).Gold);
    }

    [Theory]
    [InlineData("""{"question": "gone", "gold": "A", "label": "B"}""", true, "\"gold\" is \"A\" and \"label\" is \"B\"")]
    [InlineData("""{"question": "gone", "label": "top up", "intent": "card lost"}""", true,
        "\"intent\" is \"card lost\" and \"label\" is \"top up\"")]
    [InlineData("""{"question": "gone", "gold": "card lost", "intent": "top up"}""", false,
        "\"gold\" is \"card lost\" and \"intent\" is \"top up\"")]
    public void A_row_that_names_two_intents_is_refused_with_both(string row, bool hasSchema, string expected)
    {
        using var folder = new TemporaryFolder();
        var schema = IntentSchema.Load(folder.Write("schema.yaml", Schema));
        var file = folder.Write("rows.jsonl", row);

        List<Func<object>> readers = [() => QuestionFile.LoadLabelled(file, hasSchema ? schema : null)];
        if (hasSchema) readers.AddRange([() => QuestionFile.Load(file, schema), () => QuestionFile.Convert(file, schema)]);

        Assert.All(readers, read => Assert.Contains($"{file}:1: {expected}", Assert.Throws<UserErrorException>(read).Message));
    }

    [Theory]
    [InlineData("q.csv", "id,question,gold\n7,\"gone, I fear\",card lost\n")]
    [InlineData("q.tsv", "id\tquestion\tgold\n7\tgone, I fear\tcard lost\n")]
    [InlineData("q.jsonl", """{"id": 7, "question": "gone, I fear", "gold": "card lost"}""")]
    [InlineData("q.json", """[{"id": "7", "question": " gone, I fear", "gold": "A"}]""")]
    public void Questions_are_read_from_files_of_every_type(string name, string content)
    {
        using var folder = new TemporaryFolder();
        var schema = IntentSchema.Load(folder.Write("schema.yaml", Schema));
        var file = folder.Write(name, content);

        var (question, asked) = (Assert.Single(QuestionFile.Load(file, schema)), Assert.Single(QuestionFile.LoadAsked(file, schema: null)));

        Assert.Equal(("7", "gone, I fear", "A"), (question.Id, question.Question, question.Gold));
        Assert.Equal(("7", "gone, I fear"), (asked.Id, asked.Conversation.Messages[0].Content));
    }

    [Fact]
    public void A_conversation_of_one_turn_is_a_question_and_without_its_answer_one_to_ask()
    {
        using var folder = new TemporaryFolder();
        string Row(string answer) =>
            $$"""{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "问句: 怎么跌了\nA. 个股\nB. 大盘"}{{answer}}]}""";
        var (answered, open) =
            (folder.Write("answered.jsonl", Row(""", {"role": "assistant", "content": "B"}""")), folder.Write("open.jsonl", Row("")));

        var question = Assert.Single(QuestionFile.Load(answered));

        Assert.Equal(("怎么跌了", "B", "s"), (question.Question, question.Gold, question.System));
        Assert.All([answered, open], file =>
            Assert.Equal(question.Prompt.Text, Assert.Single(QuestionFile.LoadAsked(file, null)[0].Conversation.Messages).Content));
        Assert.Contains("open.jsonl:1: the last message is not an answer",
            Assert.Throws<UserErrorException>(() => QuestionFile.Load(open)).Message);
    }

    [Fact]
    public void Items_with_the_official_options_are_OpenFinDatas_whatever_their_words()
    {
        bool Recognised(string json) => OpenFinData.IsIntentItem(new("x.json", 1, true, System.Text.Json.JsonElement.Parse(json)));

        Assert.True(Recognised(Item));
        Assert.True(Recognised(Item.Replace("你是一个意图情绪助手", "你好")));
        Assert.False(Recognised(Item.Replace("基金问询\"", "其他\"")));
        Assert.False(Recognised(Row));
    }

    static IReadOnlyList<EvaluationQuestion> Load(string content)
    {
        using var folder = new TemporaryFolder();
        return QuestionFile.Load(folder.Write("questions.json", content));
    }
}
