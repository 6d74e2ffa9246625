using FinIntent.Cli;
using FinIntent.Cli.Commands;
using FinIntent.Data.Rows;
using FinIntent.Evaluation;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Tests.Generation;
using Xunit;

namespace FinIntent.Tests.Cli;

public sealed class InferenceCommandTests : IDisposable
{
    readonly TinyChat _tiny = new();

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void One_question_gets_one_answer_and_chat_is_another_name()
    {
        var printed = Infer("question=大盘怎么样", "do_sample=false");

        Assert.Equal(printed, Infer("question=大盘怎么样", "do_sample=false"));
        Assert.Contains("chat", InferenceCommand.Build().Aliases);
        Assert.True(printed.Length > 1);
    }

    [Fact]
    public void Sampling_follows_the_seed_and_max_length_bounds_prompt_and_answer()
    {
        Assert.Equal(Infer("question=a", "seed=1", "top_k=0", "temperature=3"), Infer("question=a", "seed=1", "top_k=0", "temperature=3"));
        Assert.NotEqual(Infer("question=a", "seed=1", "top_k=0", "temperature=3"),
            Infer("question=a", "seed=2", "top_k=0", "temperature=3"));
        Assert.True(Infer("question=a", "do_sample=false", "max_new_tokens=2").Length < Infer("question=a", "do_sample=false").Length);
    }

    [Fact]
    public void Answers_of_a_file_that_were_cut_short_are_told()
    {
        var questions = _tiny.Write("questions.txt", "大盘怎么样\n茅台还能买吗\n");

        Assert.Contains("max_new_tokens", Infer($"questions={questions}", "max_new_tokens=2"));
        Assert.Contains(PredictionFile.Read(_tiny["questions.answers.jsonl"]), p => p.Finish == "length");
    }

    [Fact]
    public void A_file_of_questions_ends_with_the_same_bytes_wherever_it_was_cut()
    {
        var questions = _tiny.Write("questions.txt", "大盘怎么样\n\n茅台还能买吗\n怎么改密码\nB\n半导体\n");
        var answers = _tiny["questions.answers.jsonl"];
        Infer($"questions={questions}", "per_device_eval_batch_size=2", "top_k=0");
        var whole = File.ReadAllBytes(answers);
        Assert.Equal(["1", "2", "3", "4", "5"], PredictionFile.Read(answers).Select(p => p.Id));

        foreach (var cut in new[] { whole.Length - 1, whole.Length * 2 / 3, whole.Length / 3, 3, 0 })
        {
            File.WriteAllBytes(answers, whole[..cut]);
            Infer($"questions={questions}", "per_device_eval_batch_size=2", "top_k=0");
            Assert.Equal(whole, File.ReadAllBytes(answers));
        }
        Assert.Contains("5 of them from before", Infer($"questions={questions}", "per_device_eval_batch_size=2", "top_k=0"));
    }

    [Fact]
    public void Rows_of_every_form_are_asked()
    {
        var questions = _tiny.Write("rows.jsonl", """
            {"id": "x", "question": "大盘怎么样"}
            {"instruction": "i", "input": "n", "history": [["q", "a"]]}
            {"id": "0", "question": "你是一个意图情绪助手。\n问句:茅台", "A": "行业板块问询", "B": "个股问询", "answer": "B"}
            """);

        Infer($"questions={questions}", $"answers={_tiny["a.jsonl"]}");

        var predictions = PredictionFile.Read(_tiny["a.jsonl"]);
        Assert.Equal([("x", "大盘怎么样"), ("2", "i\nn"), ("0", "茅台")], predictions.Select(p => (p.Id, p.Question)));
        Assert.Equal("B", predictions[2].Gold);
        var history = QuestionFile.LoadAsked(questions, schema: null)[1].Conversation.Messages;
        Assert.Equal(["q", "a", "i\nn"], history.Select(m => m.Content));
    }

    [Theory]
    [InlineData("rows.jsonl", "[1]", "rows.jsonl:1: not valid JSON: a row must be an object")]
    [InlineData("rows.jsonl", "{\"output\": \"A\"}",
        "rows.jsonl:1: it has none of the columns instruction, conversations, messages, question, text")]
    [InlineData("rows.txt", "\n", "no questions")]
    [InlineData("rows.pdf", "", ".pdf")]
    [InlineData("rows.jsonl", "{\"id\": 1, \"question\": \"a\"}\n{\"id\": 1, \"question\": \"b\"}", "\"1\"")]
    public void A_file_without_questions_is_refused_by_place(string name, string content, string named)
    {
        var file = _tiny.Write(name, content);

        Assert.Contains(named, Assert.Throws<UserErrorException>(() => Infer($"questions={file}")).Message);
    }

    [Fact]
    public void A_conversation_goes_on_until_exit_and_can_begin_anew()
    {
        var file = _tiny.Write("chat.yaml", $"model_name_or_path: {_tiny.Model}\ntemplate: qwen\nmax_new_tokens: 6\ndo_sample: false");
        using var session = ChatSession.Open(SettingsFile.Load(file, []), new(TextWriter.Null, TextWriter.Null));
        var output = new StringWriter { NewLine = "\n" };
        using var loop = new PromptLoop(session, output);

        loop.Run(new StringReader("大盘\n大盘\nclear\n\n大盘\nexit\n不问了\n"));

        var answers = output.ToString().Split("> ")[1..];
        Assert.Equal(6, answers.Length);
        Assert.NotEqual(answers[0], answers[1]);   // the second had the first before it
        Assert.Equal(answers[0], answers[4]);      // and after clear nothing
    }

    [Fact]
    public void A_question_in_the_words_of_training_is_another_question()
    {
        Assert.NotEqual(Infer("question=茅台", "do_sample=false"), Infer("question=茅台", "do_sample=false", "intent_prompt=true"));
    }

    string Infer(params string[] overrides) => CommandLine.Run(InferenceCommand.Build(), [_tiny.Write("inference.yaml", $"""
        model_name_or_path: {_tiny.Model}
        adapter_name_or_path: {_tiny.Adapter}
        template: qwen
        infer_backend: huggingface
        trust_remote_code: true
        max_new_tokens: 8
        """), .. overrides]);
}
