using FinIntent.Data.Rows;
using FinIntent.Data.Sources;
using FinIntent.Intents;
using FinIntent.Tests.Text;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

/// <summary>Rows whose question follows others: every reader has them as training has them.</summary>
public sealed class HistoryTests : IDisposable
{
    const string Schema = "name: s\nlanguage: zh\nlabels: letters\nintents: [{name: 个股}, {name: 大盘}]";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string> Templates => new(
        [("qwen", "qwen"), ("qwen3", "qwen"), ("llama3", "llama3"), ("chatglm3", "chatglm"), ("baichuan2", "baichuan"), ("glm4", "glm4"),
            ("default", "gpt2"), ("alpaca", "gpt2"), ("empty", "gpt2")]);

    [Theory, MemberData(nameof(Templates))]
    public void A_question_with_a_history_is_asked_in_the_tokens_of_training(string name, string tokenizer)
    {
        var file = _folder.Write("rows.jsonl",
            """{"instruction": "问句: 那它呢\nA. 个股\nB. 大盘", "output": "B", "system": "规矩", "history": [["茅台怎么样", "A"], ["好吗", "嗯。"]]}""");
        var template = ChatTemplate.Get(name, SmallTokenizers.Get(tokenizer));
        var trained = template.EncodeSupervised(QuestionRow.Conversation(Assert.Single(DataFile.Read(file))).Conversation!, new());

        IReadOnlyList<Conversation> asked =
        [
            AskedQuestion.Of(Assert.Single(QuestionFile.Load(file))).Conversation,
            Assert.Single(QuestionFile.LoadAsked(file, null)).Conversation,
            Assert.Single(QuestionFile.LoadLabelled(file, null)).Conversation,
        ];

        foreach (var conversation in asked)
        {
            var prompt = template.EncodePrompt(conversation);
            Assert.Equal(trained.InputIds[..prompt.Length], prompt);
            Assert.True(prompt.Length > 30);
        }
    }

    [Theory]
    [InlineData("rows.jsonl", """{"question": "那它呢", "gold": "大盘", "history": [["茅台怎么样", "贵。"]]}""")]
    [InlineData("rows.csv", "question,gold,history\n那它呢,大盘,\"[[\"\"茅台怎么样\"\", \"\"贵。\"\"]]\"\n")]
    public void What_was_said_before_goes_before_the_instruction_and_is_kept_in_conversions(string name, string content)
    {
        var schema = IntentSchema.Load(_folder.Write("schema.yaml", Schema));
        var file = _folder.Write(name, content);
        Message[] expected = [new("user", "茅台怎么样"), new("assistant", "贵。"), new("user", schema.Prompt("那它呢").Text)];

        Assert.Equal(expected, AskedQuestion.Of(Assert.Single(QuestionFile.Load(file, schema))).Conversation.Messages);
        Assert.Equal(expected, Assert.Single(QuestionFile.LoadAsked(file, schema)).Conversation.Messages);

        AlpacaFile.Write(_folder["converted.json"], QuestionFile.Convert(file, schema));
        var converted = Assert.Single(QuestionFile.LoadLabelled(_folder["converted.json"], null));
        var labelled = Assert.Single(QuestionFile.LoadLabelled(file, schema));
        Assert.Equal([.. expected, new("assistant", "B")], converted.Conversation.Messages);
        Assert.Equal(converted.Conversation.Messages, labelled.Conversation.Messages);
        Assert.Equal(("那它呢", "茅台怎么样\n那它呢", "大盘"), (labelled.Question, labelled.Asked, labelled.Intent));
    }

    [Fact]
    public void The_orders_of_its_options_keep_a_questions_history()
    {
        var schema = IntentSchema.Load(_folder.Write("schema.yaml", Schema));
        var file = _folder.Write("rows.jsonl", """{"question": "那它呢", "gold": "大盘", "history": [["茅台怎么样", "贵。"]]}""");

        var turned = new OptionOrder([1, 0]).Of(Assert.Single(QuestionFile.Load(file, schema)));

        Assert.Equal(3, AskedQuestion.Of(turned).Conversation.Messages.Count);
    }
}
