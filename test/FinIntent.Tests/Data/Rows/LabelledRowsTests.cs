using FinIntent.Data.Rows;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Rows;

public sealed class LabelledRowsTests : IDisposable
{
    const string Schema = "name: s\nlanguage: en\nlabels: letters\nintents:\n  - name: card lost\n  - name: top up\n";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("rows.json", """[{"instruction": "Question: gone\nA. card lost\nB. top up", "input": "", "output": "A"}]""")]
    [InlineData("rows.jsonl", """{"instruction": "Question: gone", "input": "A. card lost\nB. top up", "output": " A"}""")]
    [InlineData("rows.jsonl",
        """{"conversations": [{"from": "human", "value": "Question: gone\nA. card lost\nB. top up"}, {"from": "gpt", "value": "A"}]}""")]
    [InlineData("rows.jsonl", """{"question": "gone", "gold": "Card Lost"}""")]
    [InlineData("rows.csv", "question,intent\ngone,card lost\n")]
    public void Files_of_every_form_give_question_intent_and_label(string name, string content)
    {
        var row = Assert.Single(QuestionFile.LoadLabelled(_folder.Write(name, content), Open()));

        Assert.Equal(("gone", "card lost", "A"), (row.Question, row.Intent, row.Label));
        Assert.Contains("\nA. card lost\nB. top up", row.Conversation.Messages[0].Content);
        Assert.StartsWith(_folder[name] + ":", row.Place);
    }

    [Fact]
    public void Without_a_schema_and_options_the_label_is_the_intent_and_what_rows_share_is_not_the_question()
    {
        var rows = QuestionFile.LoadLabelled(_folder.Write("rows.jsonl", string.Concat(new[] { "one", "two", "three" }.Select(q =>
            $$"""{"instruction": "Classify this.", "input": "{{q}}", "output": "class {{q.Length}}"}""" + "\n"))), null);

        Assert.Equal(["one", "two", "three"], rows.Select(r => r.Question));
        Assert.Equal(["class 3", "class 3", "class 5"], rows.Select(r => r.Intent));
    }

    [Theory]
    [InlineData("""{"instruction": "Question: gone\nA. card lost\nB. top up", "output": "C"}""",
        "rows.jsonl:1: its answer is \"C\", which is none of the options A, B")]
    [InlineData("""{"question": "gone", "gold": "card lots"}""",
        "rows.jsonl:1: \"gold\" is \"card lots\", which is no intent of s; did you mean \"card lost\"?")]
    [InlineData("""{"instruction": "Tell me", "output": "a\nb"}""", "is not a label")]
    [InlineData("""{"instruction": "Tell me"}""", "no answer in column \"output\"")]
    public void What_is_no_labelled_row_is_refused_with_its_place(string content, string expected) =>
        Assert.Contains(expected,
            Assert.Throws<UserErrorException>(() => QuestionFile.LoadLabelled(_folder.Write("rows.jsonl", content), Open())).Message);

    [Fact]
    public void A_data_sets_name_is_looked_up()
    {
        _folder.Write("rows.jsonl", """{"text": "gone", "class": "x"}""");
        _folder.Write("dataset_info.json", """{"mine": {"file_name": "rows.jsonl", "columns": {"prompt": "text", "response": "class"}}}""");

        var row = Assert.Single(QuestionFile.FindLabelled("mine", _folder.Path, null));
        var error = Assert.Throws<UserErrorException>(() => QuestionFile.FindLabelled("mime", _folder.Path, null));

        Assert.Equal(("gone", "x"), (row.Question, row.Intent));
        Assert.Contains("did you mean \"mine\"?", error.Message);
    }

    [Fact]
    public void Two_columns_become_questions_of_the_schema()
    {
        var file = _folder.Write("rows.csv", "utterance,category\n\"top it up, please\",top up\ngone,A\n");

        var questions = QuestionFile.Convert(file, Open(), "utterance", "category");

        Assert.Equal([("top it up, please", "B"), ("gone", "A")], questions.Select(q => (q.Question, q.Gold)));
        Assert.Equal(Open().Prompt("gone").Text, questions[1].Prompt.Text);
        Assert.Contains("no column \"question\"; the row has utterance, category",
            Assert.Throws<UserErrorException>(() => QuestionFile.Convert(file, Open())).Message);
    }

    [Fact]
    public void OpenFinDatas_items_do_not_become_training_rows()
    {
        var file = _folder.Write("rows.json",
            """[{"id": 1, "question": "问", "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "A"}]""");

        Assert.Contains("evaluation only",
            Assert.Throws<UserErrorException>(() => QuestionFile.Convert(file, IntentSchema.OpenFinData, intentColumn: "answer")).Message);
    }

    IntentSchema Open() => IntentSchema.Load(_folder.Write("schema.yaml", Schema));
}
