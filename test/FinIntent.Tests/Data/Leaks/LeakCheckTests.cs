using FinIntent.Cli.Commands;
using FinIntent.Data.Leaks;
using FinIntent.Intents;
using Xunit;

namespace FinIntent.Tests.Data.Leaks;

public sealed class LeakCheckTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_of_every_form_are_compared_by_what_they_ask()
    {
        var questions = _folder.Write("eval.json", """
            [{"id": "0", "question": "…\n问句:创业板今天为什么跌", "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "C"},
             {"id": "1", "question": "问句:怎么改密码", "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "D"}]
            """);
        var rows = _folder.Write("rows.jsonl", $$"""
            {"instruction": "{{IntentPrompt.For("创业板今天为什么跌啊", IntentOptions.OpenFinData).Text.ReplaceLineEndings("\\n")}}", "output": "C"}
            {"instruction": "分析意图", "input": "怎么改密码？", "output": "D"}
            {"messages": [{{Turn("user", "白酒还行吗")}}, {{Turn("assistant", "A")}}, {{Turn("user", "怎么改密码")}}, {{Turn("assistant", "D")}}]}
            {"conversations": [{"from": "human", "value": "创业板今天为什么跌"}, {"from": "gpt", "value": "C"}]}
            {"text": "创业板是什么"}
            {"question": "创业板，今天为什么跌？"}
            """);
        var report = new LeakReport();

        Assert.Equal(6, new LeakCheck(LeakCheck.QuestionsOf(questions)).Compare(rows, report));

        Assert.Equal(
        [
            $"{rows}:1 \"创业板今天为什么跌啊\" – {questions}:1 \"创业板今天为什么跌\" (0.89)",
            $"{rows}:2 \"怎么改密码？\" – {questions}:2 \"怎么改密码\" (1.00)",
            $"{rows}:3 \"怎么改密码\" – {questions}:2 \"怎么改密码\" (the same)",
            $"{rows}:4 \"创业板今天为什么跌\" – {questions}:1 \"创业板今天为什么跌\" (the same)",
            $"{rows}:6 \"创业板，今天为什么跌？\" – {questions}:1 \"创业板今天为什么跌\" (1.00)",
        ], report.Lines);
        Assert.Equal((5, 2), (report.Count, report.QuestionCount));

        static string Turn(string role, string content) => $$"""{"role": "{{role}}", "content": "{{content}}"}""";
    }

    [Fact]
    public void An_instruction_that_all_prompts_share_makes_no_leak()
    {
        const string Instruction = "Classify what the customer of a bank wants. Answer with one letter only, nothing else.";
        string Row(string question) =>
            System.Text.Json.JsonSerializer.Serialize(
            new { instruction = Instruction, input = $"{question}\nA. card\nB. loan", output = "A" });
        var questions = _folder.Write("eval.jsonl",
            $"{Row("my card is lost")}\n{Row("what does a mortgage cost")}\n{Row("raise my limit")}");
        var rows = _folder.Write("rows.jsonl", $"{Row("how do I close it")}\n{Row("my card is lost!")}");
        var report = new LeakReport();

        new LeakCheck(LeakCheck.QuestionsOf(questions)).Compare(rows, report);

        Assert.Equal($"{rows}:2 \"my card is lost!\" – {questions}:1 \"my card is lost\" (1.00)", Assert.Single(report.Lines));
    }

    [Fact]
    public void A_schemas_wording_tells_the_question_without_a_mark()
    {
        var schema = IntentSchema.Load(_folder.Write("schema.yaml", """
            name: s
            language: en
            labels: letters
            instruction: "A customer of our bank writes this to us, please tell what it is about: {question}\n{options}"
            intents: [{name: card}, {name: loan}]
            """));
        string Row(string question) =>
            System.Text.Json.JsonSerializer.Serialize(new { instruction = schema.Prompt(question).Text, output = "A" });
        var questions = _folder.Write("eval.jsonl", $"{Row("my card is lost")}\n{Row("a mortgage\nwhat is it")}");
        var rows = _folder.Write("rows.jsonl",
            $"{Row("please raise the limit of it")}\n{Row("my card is lost!")}\n{Row("a mortgage\nwhat is it")}");
        var report = new LeakReport();

        new LeakCheck(LeakCheck.QuestionsOf(questions, schema.Wording), schema.Wording).Compare(rows, report);

        Assert.Equal(
        [
            $"{rows}:2 \"my card is lost!\" – {questions}:1 \"my card is lost\" (1.00)",
            $"{rows}:3 \"a mortgage what is it\" – {questions}:2 \"a mortgage what is it\" (the same)",
        ], report.Lines);
    }

    [Fact]
    public void The_command_lists_all_and_ends_with_1()
    {
        var questions = _folder.Write("eval.csv", "id,question\n0,怎么改密码\n");
        var rows = _folder.Write("rows.csv", "question\n" + string.Concat(Enumerable.Repeat("怎么改密码\n", 30)));
        var output = new StringWriter { NewLine = "\n" };

        var code = DataCommand.Build().Parse(["leaks", "--rows", rows, "--questions", questions]).Invoke(new() { Output = output });

        Assert.Equal(1, code);
        Assert.Equal(31, output.ToString().TrimEnd().Split('\n').Length);
        Assert.EndsWith("30 leaks in 30 rows, of 1 of 1 questions\n", output.ToString());
    }

    [Fact]
    public void The_command_finds_questions_inside_a_schemas_words()
    {
        var schema = _folder.Write("schema.yaml", """
            name: s
            language: en
            labels: letters
            instruction: "A customer of our bank writes this to us, please tell what it is about: {question}\n{options}"
            intents: [{name: card}, {name: loan}]
            """);
        var questions = _folder.Write("eval.csv", "id,question\n0,my card is lost\n");
        var rows = _folder.Write("rows.jsonl", System.Text.Json.JsonSerializer.Serialize(
            new { instruction = IntentSchema.Load(schema).Prompt("my card is lost!").Text, output = "A" }));
        string[] arguments = ["leaks", "--rows", rows, "--questions", questions];

        Assert.Equal(0, DataCommand.Build().Parse(arguments).Invoke(new() { Output = TextWriter.Null }));
        Assert.Equal(1, DataCommand.Build().Parse([.. arguments, "--schema", schema]).Invoke(new() { Output = TextWriter.Null }));
    }

    [Fact]
    public void A_file_of_no_known_form_is_named_with_its_columns() =>
        Assert.Contains("x.jsonl:1: it has none of the columns instruction, conversations, messages, question, text; its columns are a",
            Assert.Throws<UserErrorException>(() => LeakCheck.QuestionsOf(_folder.Write("x.jsonl", """{"a": "b"}"""))).Message);
}
