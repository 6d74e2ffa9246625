using System.Text.Json.Nodes;
using FinIntent.Data.Leaks;
using FinIntent.Intents;
using FinIntent.Tests.ApiModels;
using Xunit;

namespace FinIntent.Tests.Authoring;

public sealed class GenerateTests
{
    [Fact]
    public async Task Rows_have_the_wanted_classes_and_lengths_and_tell_where_they_come_from()
    {
        using var bench = new GenerateBench();

        var (code, output, error) = await bench.Run("api_price_input=3", "api_price_output=15");

        Assert.True(code == 0, output + error);
        var rows = bench.Rows();
        Assert.Equal([("A", 10), ("B", 20), ("C", 30)], rows.CountBy(r => r.Gold).Select(p => (p.Key, p.Value)).Order());
        (int Least, int Most)[] ranges = [(4, 8), (9, 15), (16, 40)];
        Assert.Equal([18, 30, 12], ranges.Select(range =>
            rows.Count(r => r.Question.Length >= range.Least && r.Question.Length <= range.Most)));
        Assert.All(rows, row => Assert.Equal(IntentPrompt.For(row.Question, row.Options, PromptWording.Chinese).Text, row.Prompt.Text));
        Assert.Equal(rows.Select(r => r.Question), bench.Provenance.Select(p => p.GetProperty("question").GetString()));
        Assert.All(bench.Provenance, p => Assert.Equal(("m-1", "write-zh-1", "agrees"),
            (p.GetProperty("model").GetString(), p.GetProperty("prompt").GetString(), p.GetProperty("judge").GetProperty("verdict")
            .GetString())));
        // Every request is reported as 100 tokens in and 3 out.
        var cost = bench.Server.Requests.Count * (100 * 3 + 3 * 15) / 1e6m;
        Assert.Contains($"{bench.Server.Requests.Count} requests, {bench.Server.Requests.Count * 103:N0} tokens, cost {cost:0.####}",
            output);
        Assert.InRange(bench.Provenance.Sum(p => p.GetProperty("cost").GetDecimal()), cost * 0.999m, cost * 1.001m);
        var card = File.ReadAllText(bench.File("README.md"));
        foreach (var part in (string[])["written by a language model", "| B | 个股问询 | 20 | 20 |", "| 9-15 | 30 | 30 |",
            $"{cost:0.######}"]) Assert.Contains(part, card);
        Assert.Contains("60/60 rows", error);
    }

    [Fact]
    public async Task A_card_that_cannot_be_written_does_not_end_a_finished_run()
    {
        using var bench = new GenerateBench();
        Directory.CreateDirectory(Path.Combine(bench.File("README.md"), "in the way"));

        var (code, output, error) = await bench.Run();

        Assert.True(code == 0, output + error);
        Assert.Equal(60, bench.Rows().Count);
        Assert.Contains("warning: the dataset card could not be made, the results are whole: ", error);
    }

    [Fact]
    public async Task The_set_can_be_trained_on_as_it_is_and_divided_evenly()
    {
        using var bench = new GenerateBench();

        Assert.Equal(0, (await bench.Run("val_size=12")).Code);

        var (train, val) = (bench.Rows("train.json"), bench.Rows("val.json"));
        Assert.Equal([("A", 2), ("B", 4), ("C", 6)], val.CountBy(r => r.Gold).Select(p => (p.Key, p.Value)).Order());
        Assert.Equal(48, train.Count);
        Assert.Empty(train.Select(r => r.Question).Intersect(val.Select(r => r.Question)));
        Assert.Equal("""{"three_train":{"file_name":"train.json"},"three_val":{"file_name":"val.json"}}""",
            JsonNode.Parse(File.ReadAllText(bench.File("dataset_info.json")))!.ToJsonString());
    }

    [Fact]
    public async Task Whatever_a_model_answers_only_rows_come_through()
    {
        using var bench = new GenerateBench();
        string? earlier = null;
        bench.Model.Instead = random => random.Next(12) switch
        {
            0 => earlier,
            1 => earlier is null ? null : earlier + "？",
            2 => "A. " + ScriptedModel.Question(random, 6),
            3 => "an English question here",
            4 => "请从以下选项中选择最合适的意图类型",
            5 => "招商银行现在能买吗",
            6 => ScriptedModel.Question(random, 50),
            7 => "",
            _ => earlier = ScriptedModel.Question(random, 10),
        };
        bench.Model.Form = (random, items) => Damaged(random, items);

        // One request at a time: what the model answers depends on what it answered before.
        var (code, output, error) = await bench.Run("stalled_rounds=20", "length_shares={9-15: 1}", "api_concurrency=1");

        Assert.True(code == 0, output + error);
        var rows = bench.Rows();
        Assert.Equal(60, rows.Count);
        Assert.All(rows, row => Assert.InRange(row.Question.Length, 9, 15));
        foreach (var (a, b) in rows.SelectMany((a, i) => rows.Skip(i + 1).Select(b => (a.Question, b.Question))))
            Assert.True(BigramIndex.Similarity(QuestionIndex.Plain(a), QuestionIndex.Plain(b)) < 0.6, $"{a} – {b}");
        foreach (var why in (string[])["duplicate", "tells_answer", "language", "echo", "length", "empty", "wrong_intent",
            "malformed"]) Assert.Contains($"{why} ", output);
        Assert.Contains("answers unreadable", output);
    }

    static string Damaged(Random random, JsonArray items)
    {
        if (random.Next(3) == 0) items.Last()!["intent"] = random.Next(2) == 0 ? "行业板块问询" : "天气";
        var text = items.ToJsonString();
        return random.Next(7) switch
        {
            0 => "好的，下面是问句：\n```json\n" + text + "\n```\n希望有用 {祝好}",
            1 => text[..(text.Length * 2 / 3)],
            2 => string.Join('\n', items.Select(item => item!.ToJsonString())),
            3 => """{"rows": """ + text + "}",
            4 => "抱歉，我不能写。",
            5 => "[" + string.Join(",", items.Select((item, i) => i == 1 ? """{"question": "他说"好"", "intent": "x"}"""
                : item!.ToJsonString())) + ",]",
            _ => text,
        };
    }

    [Fact]
    public async Task Evaluation_questions_are_in_no_row_and_in_no_request()
    {
        using var bench = new GenerateBench();
        string[] secret = ["茅台今年还能不能涨到两千", "余额宝收益怎么又变低了", "半导体和光伏哪个更有前途"];
        var file = bench.Write("eval.json",
            new JsonArray([.. secret.Select(q =>
            (JsonNode)new JsonObject { ["instruction"] = IntentPrompt.For(q, IntentOptions.OpenFinData).Text, ["output"] = "A" })])
            .ToJsonString());
        // The model knows them by heart.
        bench.Model.Instead = random => random.Next(4) switch
        {
            0 => secret[random.Next(3)],
            1 =>
            secret[random.Next(3)] + "呢？",
            _ => null
        };

        var (code, output, error) = await bench.Run($"leak_check_files={file}", "stalled_rounds=10");

        Assert.True(code == 0, output + error);
        Assert.Matches(@"leak \d+", output);
        foreach (var question in secret)
        {
            Assert.All(bench.Server.Requests, request => Assert.DoesNotContain(question, request.Question));
            Assert.All(bench.Rows(), row => Assert.True(BigramIndex.Similarity(row.Question, question) < 0.6, row.Question));
        }
        Assert.Equal(secret.Length, LeakCheck.QuestionsOf(file).Count);
    }

    [Fact]
    public async Task A_schema_that_holds_an_evaluation_question_is_refused_before_anything_is_sent()
    {
        using var bench = new GenerateBench();
        var file = bench.Write("eval.jsonl", """{"question": "招商银行现在能买吗？"}""");

        var error = await Assert.ThrowsAsync<UserErrorException>(() => bench.Run($"leak_check_files={file}"));

        Assert.Contains("intent_schema: 个股问询: \"招商银行现在能买吗\" holds the evaluation question", error.Message);
        Assert.Contains("eval.jsonl:1", error.Message);
        Assert.Empty(bench.Server.Requests);
    }

    [Fact]
    public async Task The_same_answers_give_the_same_bytes_in_whatever_order_they_come()
    {
        Dictionary<string, string>? first = null;
        foreach (var (concurrency, pause) in ((int, int)[])[(1, 0), (8, 0), (3, 15)])
        {
            using var bench = new GenerateBench();
            var random = new Random(concurrency);
            bench.Server.AnswerOf = prompt =>
            {
                int wait;
                lock (random) wait = random.Next(pause + 1);
                Thread.Sleep(wait);
                return bench.Model.Answer(prompt);
            };
            bench.Model.Objection = question => question[0] % 5 == 0 ? "行业板块问询" : null;
            bench.Model.Form = Damaged;
            Assert.Equal(0, (await bench.Run(new StandingTime(), $"api_concurrency={concurrency}", "stalled_rounds=20")).Code);

            first ??= bench.Results;
            foreach (var (name, text) in bench.Results) Assert.Equal(first[name], text);
        }
    }

    [Fact]
    public async Task Answers_that_are_cut_are_told_when_no_row_comes()
    {
        using var bench = new GenerateBench();
        bench.Server.AnswerOf = _ => """[{"question": "今""";
        bench.Server.FinishReason = "max_tokens";

        var (code, output, _) = await bench.Run("stalled_rounds=1");

        Assert.Equal(1, code);
        Assert.Contains($"answers without a row ended so: {bench.Server.Requests.Count} × length", output);
    }

    [Fact]
    public async Task What_a_model_thinks_is_no_row()
    {
        using var plain = new GenerateBench();
        using var thinking = new GenerateBench();
        thinking.Server.AnswerOf = prompt => $$"""<think>{"question": "想到的一个问题"}</think>{{thinking.Model.Answer(prompt)}}""";

        Assert.Equal((0, 0), ((await plain.Run()).Code, (await thinking.Run()).Code));

        Assert.Equal(plain.Rows().Select(r => r.Question), thinking.Rows().Select(r => r.Question));
    }

    [Fact]
    public async Task A_model_that_writes_nothing_of_use_is_given_up_after_some_rounds()
    {
        using var bench = new GenerateBench();
        bench.Server.AnswerOf = _ => "我不会。";

        var (code, output, _) = await bench.Run("stalled_rounds=2");

        Assert.Equal(1, code);
        Assert.Contains("0/60 rows", output);
        Assert.Contains("2 rounds in a row brought no row (stalled_rounds)", output);
        // Of 10, 20 and 30 rows 1, 2 and 2 requests; when none of these brings a row, more is asked for: 2 for each intent. And nothing to
        // judge.
        Assert.Equal(5 + 6, bench.Server.Requests.Count);
    }

    [Fact]
    public async Task Without_a_judge_rows_are_kept_as_they_were_written()
    {
        using var bench = new GenerateBench();

        Assert.Equal(0, (await bench.Run("judge=none")).Code);

        Assert.DoesNotContain(bench.Server.Requests, r => ScriptedModel.IsJudging(r.Question));
        Assert.Contains("Not judged a second time", File.ReadAllText(bench.File("README.md")));
    }

    [Fact]
    public async Task Another_model_judges_at_its_own_price()
    {
        using var bench = new GenerateBench();
        using var other = ApiServer.Start(FinIntent.Settings.ApiKind.OpenAi, bench.Time);
        other.QuestionIn = prompt => prompt;
        other.AnswerOf = bench.Model.Answer;
        Environment.SetEnvironmentVariable("FININTENT_TEST_JUDGE_KEY", ApiServer.Key);

        var (code, output, error) = await bench.Run("judge=another", "judge_api=openai", "judge_api_model=j-1",
            $"judge_api_base={other.Url}/v1", "judge_api_key_variable=FININTENT_TEST_JUDGE_KEY",
            "api_price_input=3", "api_price_output=15", "judge_price_input=1", "judge_price_output=0", "budget=3");

        Assert.True(code == 0, output + error);
        Assert.All(bench.Server.Requests, r => Assert.False(ScriptedModel.IsJudging(r.Question)));
        Assert.All(other.Requests, r => Assert.True(ScriptedModel.IsJudging(r.Question)));
        Assert.Contains($"cost {(bench.Server.Requests.Count * 345 + other.Requests.Count * 100) / 1e6m:0.####} of 3", output);
        Assert.All(bench.Provenance, p => Assert.Equal(("m-1", "j-1"),
            (p.GetProperty("model").GetString(), p.GetProperty("judge").GetProperty("model").GetString())));
        Assert.All(Directory.GetFiles(bench.Output), file => Assert.DoesNotContain(ApiServer.Key, File.ReadAllText(file)));
    }
}
