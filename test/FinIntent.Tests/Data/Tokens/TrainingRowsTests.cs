using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Settings;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Tokens;

public sealed class TrainingRowsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly List<string> _warnings = [];

    public TrainingRowsTests()
    {
        _folder.Write("dataset_info.json", """
            {"ten": {"file_name": "ten.jsonl"}, "two": {"file_name": "two.json"}, "drawn": {"file_name": "ten.jsonl", "num_samples": 25},
             "texts": {"file_name": "texts.jsonl", "columns": {"prompt": "text"}},
            "bad": {"file_name": "bad.jsonl"}, "official": {"file_name": "official.json"},
             "disguised": {"file_name": "official.json", "columns": {"prompt": "question", "response": "answer"}}}
            """);
        _folder.Write("ten.jsonl",
            string.Concat(Enumerable.Range(0, 10).Select(i => $$"""{"instruction": "{{i}}", "output": "A"}""" + "\n")));
        _folder.Write("two.json", """[{"instruction": "x", "output": "A"}, {"instruction": "y", "output": "B"}]""");
        _folder.Write("texts.jsonl", """{"text": "abcd"}""" + "\n" + """{"text": "ef"}""" + "\n" + """{"text": "g"}""");
        _folder.Write("bad.jsonl", """{"instruction": "1", "output": "A"}""" + "\n" + """{"instruction": "2"}""" + "\n" +
            """{"instruction": "3", "output": null}""");
        _folder.Write("official.json", """
            [{"id": "0", "question": "你是一个意图情绪助手。请分析以下问句的意图是[大盘问询，行业板块问询，个股问询，基金问询，客服问询]中的哪一个？请给出正确选项。\n问句:煤炭股还能拿吗",
              "A": "行业板块问询", "B": "个股问询", "C": "大盘问询", "D": "客服问询", "E": "基金问询", "answer": "A"}]
            """);
    }

    [Fact]
    public void Data_sets_stand_one_after_the_other_cut_to_max_samples()
    {
        Assert.Equal("0A 1A 2A 3A 4A 5A 6A 7A 8A 9A xA yB", Show(Load(new() { Dataset = ["ten", "two"] }).Train));
        Assert.Equal("0A 1A 2A xA yB", Show(Load(new() { Dataset = ["ten", "two"], MaxSamples = 3 }).Train));
    }

    [Theory]
    [InlineData(0.25, 3)]
    [InlineData(4, 4)]
    public void Val_size_takes_a_share_or_a_count_that_depends_on_the_seed_only(double size, int expected)
    {
        var settings = new DatasetSettings { Dataset = ["ten"], ValSize = size };
        var rows = Load(settings, seed: 1);

        Assert.Equal(expected, rows.Validation!.Count);
        Assert.Equal("0123456789".Order(), string.Concat((Show(rows.Train) + Show(rows.Validation)).Where(char.IsDigit)).Order());
        Assert.Equal(Show(rows.Validation), Show(Load(settings, seed: 1).Validation!));
        Assert.NotEqual(Show(rows.Validation), Show(Load(settings, seed: 2).Validation!));
    }

    [Fact]
    public void Val_size_must_leave_rows_to_train_on() =>
        Assert.Contains("takes 10 of 10 rows",
            Assert.Throws<UserErrorException>(() => Load(new() { Dataset = ["ten"], ValSize = 10 })).Message);

    [Fact]
    public void Eval_dataset_gives_the_validation_rows()
    {
        var rows = Load(new() { Dataset = ["ten"], EvalDataset = ["two"] });

        Assert.Equal(10, rows.Train.Count);
        Assert.Equal("xA yB", Show(rows.Validation!));
    }

    [Fact]
    public void Num_samples_beyond_the_file_repeats_rows_at_random_after_taking_each_once()
    {
        var counts = Show(Load(new() { Dataset = ["drawn"] }).Train).Split(' ').CountBy(row => row).ToDictionary();

        Assert.Equal(25, counts.Values.Sum());
        Assert.Equal(10, counts.Count);
        Assert.Equal(7, Load(new() { Dataset = ["drawn"], MaxSamples = 7 }).Train.Count);
    }

    [Fact]
    public void Pre_training_texts_lie_end_to_end_and_are_cut_into_pieces()
    {
        Assert.Equal("abcd |ef| g|", Show(Load(new() { Dataset = ["texts"], CutoffLen = 4 }, Stage.Pt).Train));
        Assert.Equal("abc d|e f|g", Show(Load(new() { Dataset = ["texts"], CutoffLen = 3 }, Stage.Pt).Train));
        Assert.Equal("abc ef| g|", Show(Load(new() { Dataset = ["texts"], CutoffLen = 3, Packing = false }, Stage.Pt).Train));
    }

    [Fact]
    public void Rows_without_an_answer_are_left_out_and_named()
    {
        Assert.Equal("1A", Show(Load(new() { Dataset = ["bad"] }).Train));

        var warning = Assert.Single(_warnings);
        Assert.StartsWith("data set bad: 2 of 3 rows left out: ", warning);
        Assert.Contains("bad.jsonl:2: no answer in column \"output\"", warning);
        Assert.Contains("bad.jsonl:3: no answer", warning);
    }

    [Fact]
    public void A_data_set_of_which_nothing_is_left_is_an_error() =>
        Assert.Contains("No row is left", Assert.Throws<UserErrorException>(() => Load(new() { Dataset = ["texts"] })).Message);

    [Theory]
    [InlineData("official")]
    [InlineData("disguised")]
    public void OpenFinData_is_refused_for_training_and_for_validation(string name)
    {
        Assert.Contains("official.json:1: this is an intent question of OpenFinData",
            Assert.Throws<UserErrorException>(() => Load(new() { Dataset = [name] })).Message);
        Assert.Contains("official.json:1: this is an intent question of OpenFinData",
            Assert.Throws<UserErrorException>(() => Load(new() { Dataset = ["ten"], EvalDataset = [name] })).Message);
    }

    [Fact]
    public void A_converted_OpenFinData_file_is_refused_by_the_notice_beside_it()
    {
        EvaluationNotice.Write(_folder["two.json"]);

        Assert.Contains("two.json: these are questions of OpenFinData",
            Assert.Throws<UserErrorException>(() => Load(new() { Dataset = ["two"] })).Message);
        Assert.Contains("two.json: these are questions of OpenFinData",
            Assert.Throws<UserErrorException>(() => Load(new() { Dataset = ["ten"], EvalDataset = ["two"] })).Message);
    }

    [Fact]
    public void A_tokenised_file_is_written_once_and_then_read_without_a_tokenizer()
    {
        var settings = new DatasetSettings { Dataset = ["ten", "two"], TokenizedPath = _folder["rows/tokens.jsonl"], AllowLeak = true };
        var written = Show(Load(settings).Train);

        using var read = TrainingRows.Load(settings with { Dataset = [] }, Stage.Sft, 42, () =>
            throw new InvalidOperationException("no tokenizer here"), _warnings.Add);

        Assert.Equal(written, Show(read.Train));
        Assert.Equal("""{"input_ids":[48,65],"labels":[-100,65]}""", File.ReadLines(settings.TokenizedPath).First());
    }

    [Theory]
    [InlineData("", "no rows")]
    [InlineData("""{"input_ids": [1, 2]}""", ":1: \"labels\" must be a list")]
    [InlineData("""{"input_ids": [1], "labels": [1, 2]}""", ":1: 1 input_ids and 2 labels")]
    [InlineData("""{"input_ids": [1.5], "labels": [1]}""", ":1: \"input_ids\" has 1.5")]
    [InlineData("""{"input_ids": [1], "labels": [-1]}""", ":1: \"labels\" has -1; the only negative label is -100")]
    [InlineData("""{"input_ids": [-1], "labels": [1]}""", ":1: \"input_ids\" has -1")]
    [InlineData("""{"input_ids": [], "labels": []}""", ":1: \"input_ids\" is empty")]
    public void Broken_tokenised_rows_are_named(string content, string expected)
    {
        var path = _folder.Write("tokens.jsonl", content);

        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Load(new() { TokenizedPath = path, AllowLeak = true })).Message);
    }

    // Stands in for a tokenizer: a character is a token, the answer is learnt, and a pre-training text ends in |.
    TrainingRows Load(DatasetSettings settings, Stage stage = Stage.Sft, int seed = 42) =>
        TrainingRows.Load(settings with { DatasetDir = _folder.Path }, stage, seed, () => new(c => Encode(c, stage)), _warnings.Add);

    static TokenRow Encode(Conversation conversation, Stage stage)
    {
        var prompt = conversation.Messages[0].Content;
        int[] ids = [.. (stage == Stage.Pt ? prompt + "|" : prompt + conversation.Messages[1].Content).Select(c => (int)c)];
        return new(ids, stage == Stage.Pt ? ids : [.. ids.Select((id, t) => t < prompt.Length ? TokenRow.IgnoredLabel : id)]);
    }

    static string Show(IRowSource rows) =>
        string.Join(' ', Enumerable.Range(0, rows.Count).Select(i => string.Concat(rows.Read(i).InputIds.Select(id => (char)id))));

    public void Dispose() => _folder.Dispose();
}
