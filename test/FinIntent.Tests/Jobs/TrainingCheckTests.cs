using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Intents;
using FinIntent.Jobs;
using FinIntent.Jobs.Checks;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Jobs;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainingCheckTests : IDisposable
{
    readonly CheckedRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void A_run_that_is_well_is_told_its_size()
    {
        var report = _run.Check("eval_dataset=eval");

        Assert.Equal((0, 0), (report.Errors, report.Warnings));
        Assert.Equal((4, 1, 4, 2.0), ((int)report.Facts["training_rows"]!, (int)report.Facts["validation_rows"]!,
            (int)report.Facts["updates"]!, (double)report.Facts["epochs"]!));
        // A token a byte: the system text of template qwen, its marks, and three bytes a character.
        var words = "system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant." + "user\n请问怎么修改交易密码"
            + "assistant\n" + "D";
        Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(words) + "<s>.\n<u>.\n<a>.\n".Count(c => c is '<' or '.' or '\n'),
            (int)report.Facts["longest_row"]!);
        Assert.Contains(report.Findings, f => f is { Subject: "leaks", Severity: Severity.Ok });
    }

    [Fact]
    public void The_rows_that_were_checked_are_the_ones_trained_on()
    {
        var settings = _run.Settings("overwrite_output_dir=true", "val_size=1");
        using var job = TrainJob.Check(settings, [], _run.Surroundings);
        File.Delete(_run["train.jsonl"]);

        var result = job.Run(TestContext.Current.CancellationToken);

        Assert.Equal(0, job.Report.Errors);
        Assert.Equal(2 * 3, result.Rows);
        Assert.Equal((int)job.Report.Facts["updates"]!, result.Steps);
    }

    [Fact]
    public void All_that_is_wrong_is_listed_together()
    {
        _run.Tiny.Write("train.jsonl", """
            {"instruction": "a", "output": "A"}
            {"text": "b"}
            {"instruction": 5, "output": "A"}
            {"instruction": "c"
            """);

        var report = _run.Check("laerning_rate=1", "lora_rank=x", "template=llama3", "lora_target=nothing");

        Assert.Contains(report.Findings, f => f.Detail.Contains("unknown key \"laerning_rate\"; did you mean \"learning_rate\"?"));
        Assert.Contains(report.Findings, f => f.Detail.Contains("lora_rank: expected a number"));
        Assert.Contains(report.Findings, f => f.Detail.Contains("<|start_header_id|>, <|end_header_id|>"));
        Assert.Contains(report.Findings, f => f.Detail.Contains("lora_target nothing names no linear layer"));
        var refused = Single(report, Severity.Error, "training", "2 rows that cannot be read");
        Assert.Collection(refused.Places, place => Assert.Contains("train.jsonl:2: no column", place), place =>
            Assert.Contains("train.jsonl:3: column \"instruction\" must be text", place));
        Single(report, Severity.Error, "training", "train.jsonl:4: not valid JSON");
    }

    [Fact]
    public void Rows_that_are_cut_are_counted_with_the_longest()
    {
        var report = _run.Check("cutoff_len=125");

        var cut = Single(report, Severity.Warning, "cutoff_len",
            "1 of 4 rows (training) longer than 125 tokens and cut, the longest of 130 at");
        Assert.Contains("set cutoff_len: 130", cut.Detail);
        Assert.Equal([$"{_run["train.jsonl"]}:2 (130 tokens)"], cut.Places);
    }

    [Fact]
    public void Only_the_first_places_are_kept_and_all_are_counted()
    {
        File.WriteAllLines(_run["train.jsonl"], Enumerable.Range(0, 20)
            .Select(i => $$"""{"instruction": "{{new string('x', 300)}}{{i}}", "output": "A"}"""));

        var cut = Single(_run.Check("cutoff_len=200"), Severity.Warning, "cutoff_len", "20 of 20 rows");

        Assert.Equal((20, 5), (cut.Count, cut.Places.Count));
    }

    [Fact]
    public void Rows_without_an_answer_are_named()
    {
        File.AppendAllText(_run["train.jsonl"], "\n" + """{"instruction": "没有答案", "output": ""}""");

        var report = _run.Check("template=empty");

        Assert.Equal([$"{_run["train.jsonl"]}:5: the answer is empty"],
            Single(report, Severity.Warning, "training", "1 of 5 rows left out").Places);
        Single(report, Severity.Warning, "training", "4 rows with an answer that has no end token");
    }

    [Fact]
    public void When_no_row_teaches_anything_it_is_an_error()
    {
        _run.Tiny.Write("train.jsonl", """{"instruction": "没有答案", "output": "有"}""");

        var report = _run.Check("template=empty", "cutoff_len=1");

        Single(report, Severity.Warning, "training", "1 row without a token that is learnt");
        Assert.Contains(report.Findings, f => f.Severity == Severity.Error && f.Detail.Contains("none of the 1 rows has a token to learn"));
    }

    [Fact]
    public void Answers_that_are_cut_off_before_their_end_are_told()
    {
        File.AppendAllText(_run["train.jsonl"], "\n" + $$"""{"instruction": "续写", "output": "{{new string('x', 300)}}"}""");

        var endless = Single(_run.Check("cutoff_len=200"), Severity.Warning, "training",
            "1 row with an answer that has no end token, which teaches to go on for ever; raise cutoff_len");

        Assert.Equal([$"{_run["train.jsonl"]}:5"], endless.Places);
    }

    [Fact]
    public void Rows_that_are_left_out_are_named()
    {
        File.AppendAllText(_run["train.jsonl"], "\n" + """{"instruction": "没有答案"}""");

        Assert.Equal([$"{_run["train.jsonl"]}:5: no answer in column \"output\""],
            Single(_run.Check(), Severity.Warning, "training", "1 of 5 rows left out").Places);
    }

    [Fact]
    public void A_question_with_two_answers_is_named_with_both_places()
    {
        File.AppendAllText(_run["train.jsonl"], "\n" + """{"instruction": "茅台今天多少钱", "output": "A"}""" + "\n"
            + """{"instruction": "白酒板块还行吗", "output": "A"}""");

        var report = _run.Check("val_size=1");

        Assert.Equal([$"{_run["train.jsonl"]}:5 and {_run["train.jsonl"]}:3"],
            Single(report, Severity.Warning, "training", "1 row with the question of a row before and another answer").Places);
        Assert.Equal([$"{_run["train.jsonl"]}:6 and {_run["train.jsonl"]}:1"],
            Single(report, Severity.Warning, "val_size", "1 row the same as a row before").Places);
        Assert.Equal(1, _run.Check().Warnings); // no one is misled by a repeated row when none is drawn
    }

    [Theory]
    [InlineData("请问怎么修改交易密码", "the same")]
    [InlineData("怎么修改交易密码", "0.78")]
    public void Duplicates_across_splits_are_errors_unless_they_are_allowed(string question, string likeness)
    {
        _run.Tiny.Write("eval.jsonl", $$"""{"instruction": "{{question}}", "output": "D"}""");

        foreach (var split in (string[])["eval_dataset=eval", $"leak_check_files={_run["eval.jsonl"]}"])
        {
            var leak = Single(_run.Check(split), Severity.Error, "leaks", "1 times a training row asks");
            Assert.Contains($"train.jsonl:2 \"请问怎么修改交易密码\" – {_run["eval.jsonl"]}:1 \"{question}\" ({likeness})",
                Assert.Single(leak.Places));
            Single(_run.Check(split, "allow_leak=true"), Severity.Warning, "leaks", "1 times a training row asks");
        }
    }

    [Fact]
    public void A_question_inside_the_words_of_intent_schema_is_found_as_a_leak()
    {
        _run.Tiny.Write("schema.yaml", """
            name: s
            language: en
            labels: letters
            instruction: "A customer of our bank writes this to us, please tell what it is about: {question}\n{options}"
            intents: [{name: card}, {name: loan}]
            """);
        var prompt = IntentSchema.Load(_run["schema.yaml"]).Prompt("my card is lost").Text;
        _run.Tiny.Write("train.jsonl", JsonSerializer.Serialize(new { instruction = prompt, output = "A" }));
        _run.Tiny.Write("eval.jsonl", """{"question": "my card is lost!"}""");

        var leak = Single(_run.Check($"leak_check_files={_run["eval.jsonl"]}", $"intent_schema={_run["schema.yaml"]}"), Severity.Error,
            "leaks", "1 times a training row asks");

        Assert.Contains($"train.jsonl:1 \"my card is lost\" – {_run["eval.jsonl"]}:1 \"my card is lost!\"", Assert.Single(leak.Places));
    }

    [Fact]
    public void A_template_whose_tokens_the_tokenizer_lacks_is_an_error_with_the_right_one() =>
        Single(_run.Check("template=chatglm3"), Severity.Error, "template", "needs [gMASK], sop, <|system|>, <|user|>, <|assistant|>");

    [Fact]
    public void A_template_other_than_what_the_model_was_taught_is_a_warning()
    {
        Single(_run.Check("template=default"), Severity.Warning, "template", "is not the one of the model's family (qwen2: qwen)");

        File.WriteAllText(Path.Combine(_run.Tiny.Model, "chat_template.jinja"), "{{ '<|im_start|>' + message['role'] + '<|im_end|>' }}");
        Single(_run.Check("template=default"), Severity.Warning, "template", "use template: qwen or qwen3_nothink");
        Assert.Equal(0, _run.Check().Warnings);

        File.WriteAllText(Path.Combine(_run.Tiny.Model, "finintent.json"), """{"template": "default"}""");
        Single(_run.Check(), Severity.Warning, "template", "was trained with \"default\"");
        Assert.Equal(0, _run.Check("template=default").Warnings);
    }

    [Fact]
    public void An_adapter_is_held_against_the_base()
    {
        var adapter = $"adapter_name_or_path={_run.Tiny.Adapter}";
        Assert.Equal((0, 0), Totals(_run.Check(adapter)));
        Single(_run.Check(adapter, "lora_rank=64"), Severity.Warning, "lora_rank",
            "command line: 64 is given, but the adapter that is trained on");

        Edit("run.json", run => run["base_fingerprint"] = new string('0', 32));
        Single(_run.Check(adapter), Severity.Error, "adapter", $"was trained on the base model with fingerprint {new string('0', 32)}");
        Assert.Equal(0, _run.Check(adapter, "force=true").Errors);

        File.Delete(Path.Combine(_run.Tiny.Adapter, "run.json"));
        Edit("adapter_config.json", config => config["base_model_name_or_path"] = "Qwen/Qwen2.5-7B-Instruct");
        Single(_run.Check(adapter), Severity.Warning, "adapter", "names the base Qwen/Qwen2.5-7B-Instruct");

        Edit("adapter_config.json", config => config["r"] = 64);
        Single(_run.Check(adapter), Severity.Error, "adapter", "which is not the rank that adapter_config.json names, 64");
        Single(_run.Check("adapter_name_or_path=nowhere"), Severity.Error, "adapter", "there is no folder nowhere");

        void Edit(string name, Action<JsonNode> edit)
        {
            var path = Path.Combine(_run.Tiny.Adapter, name);
            var json = JsonNode.Parse(File.ReadAllText(path))!;
            edit(json);
            File.WriteAllText(path, json.ToJsonString());
        }
    }

    [Fact]
    public void Weights_that_do_not_fit_the_config_are_an_error()
    {
        var path = Path.Combine(_run.Tiny.Model, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        config["num_hidden_layers"] = 9;
        File.WriteAllText(path, config.ToJsonString());

        Single(_run.Check(), Severity.Error, "model", "config.json: num_hidden_layers is 9, but the weights in");
    }

    [Fact]
    public void Missing_files_are_errors_all_of_them()
    {
        var report = _run.Check("dataset=train,nothing", "eval_dataset=nowhere", "leak_check_files=none.json");

        foreach (var part in (string[])["no data set \"nothing\"", "no data set \"nowhere\"", "none.json: no such file"]) Assert.Contains(
            report.Findings, f => f.Severity == Severity.Error && f.Detail.Contains(part));
        Single(_run.Check("model_name_or_path=nowhere"), Severity.Error, "model", "there is no folder nowhere");
    }

    [Theory]
    [InlineData("warmup_steps=4", "warmup_steps", "never reach learning_rate")]
    [InlineData("logging_steps=5", "logging_steps", "so no loss is logged")]
    [InlineData("eval_strategy=steps", "eval_steps", "looked at only at the end", "val_size=1", "eval_steps=5")]
    public void Steps_that_the_run_does_not_reach_are_told(string setting, string subject, string expected, params string[] more) =>
        Single(_run.Check([setting, .. more]), Severity.Warning, subject, expected);

    [Fact]
    public void Room_for_checkpoints_and_an_export_is_counted()
    {
        var facts = _run.Check("save_steps=1").Facts;
        var (needed, export) = ((long)facts["disk_needed_bytes"]!, (long)facts["export_bytes"]!);
        _run.Train("save_steps=1");
        var written = Directory.GetFiles(_run["out"], "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

        Assert.InRange(needed, 0.8 * written, 1.1 * written);
        _run.FreeBytes = needed + export - 1;
        Single(_run.Check("save_steps=1", "output_dir=other"), Severity.Warning, "disk", "no room for the export");
        _run.FreeBytes = needed - 1;
        Single(_run.Check("save_steps=1", "output_dir=other"), Severity.Error, "disk", "make room");
        Assert.Equal(0, _run.Check("save_strategy=no", "output_dir=other").Errors);
    }

    [Fact]
    public void A_finished_run_is_not_overwritten_unasked()
    {
        _run.Train("save_strategy=no");

        Single(_run.Check("save_strategy=no"), Severity.Error, "output_dir", "holds a finished run");
        Assert.Equal(0, _run.Check("save_strategy=no", "overwrite_output_dir=true").Errors);
    }

    [Fact]
    public void A_check_alone_writes_nothing()
    {
        Assert.Equal(0, _run.Check($"tokenized_path={_run["tokens.jsonl"]}").Errors);

        Assert.False(File.Exists(_run["tokens.jsonl"]));
        Assert.False(Directory.Exists(_run["out"]));
    }

    [Fact]
    public void Rows_of_tokens_are_checked_too()
    {
        var tokens = _run.Tiny.Write("tokens.jsonl", """
            {"input_ids": [1, 2], "labels": [-100, 2]}
            {"input_ids": [1, 2], "labels": [1, -100]}
            {"input_ids": [1, 257], "labels": [-100, 257]}
            """);

        var report = _run.Check($"tokenized_path={tokens}");

        Assert.Equal([$"{tokens}:1"], Single(report, Severity.Warning, "training", "1 row with an answer that has no end token").Places);
        Assert.Equal([$"{tokens}:2"], Single(report, Severity.Warning, "training", "1 row without a token that is learnt").Places);
        _run.Tiny.Write("tokens.jsonl", """{"input_ids": [1, 9999], "labels": [-100, 9999]}""");
        Assert.Contains(_run.Check($"tokenized_path={tokens}").Findings, f =>
            f.Severity == Severity.Error && f.Detail.Contains("has the token id 9999"));
    }

    [Fact]
    public void Rows_of_tokens_that_someone_vouches_for_need_no_tokenizer()
    {
        var tokens = _run.Tiny.Write("tokens.jsonl", """{"input_ids": [1, 2], "labels": [-100, 2]}""");
        foreach (var file in Directory.GetFiles(_run.Tiny.Model, "tokenizer*")) File.Delete(file);

        Assert.Equal(0, _run.Check($"tokenized_path={tokens}", "allow_leak=true").Errors);
        Assert.Contains("set allow_leak: true if you vouch for the rows",
            Assert.Single(_run.Check($"tokenized_path={tokens}").Findings, f => f.Severity == Severity.Error).Detail);
    }

    static (int, int) Totals(CheckReport report) => (report.Errors, report.Warnings);

    static Finding Single(CheckReport report, Severity severity, string subject, string detail) => Assert.Single(report.Findings,
        f => f.Severity == severity && f.Subject == subject && f.Detail.Contains(detail));
}
