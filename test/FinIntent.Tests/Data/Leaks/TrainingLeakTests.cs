using FinIntent.Data.Tokens;
using FinIntent.Settings;
using FinIntent.Tests.Generation;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Leaks;

/// <summary>Training rows are held against the questions that models are judged on, as text and as tokens.</summary>
public sealed class TrainingLeakTests : IDisposable
{
    const string Official = "你是一个意图情绪助手。请分析以下问句的意图是[大盘问询，行业板块问询，个股问询，基金问询，客服问询]中的哪一个？请给出正确选项。\n问句:煤炭股还能拿吗";

    readonly TinyChat _tiny = new();
    readonly List<string> _told = [];

    public TrainingLeakTests()
    {
        _tiny.Write("dataset_info.json", """{"train": {"file_name": "train.jsonl"}, "eval": {"file_name": "eval.jsonl"}}""");
        _tiny.Write("train.jsonl", """
            {"instruction": "白酒板块还行吗", "output": "A"}
            {"instruction": "请问怎么修改交易密码", "output": "D"}
            {"instruction": "茅台今天多少钱", "output": "B"}
            """);
        _tiny.Write("eval.jsonl", """
            {"instruction": "大盘见底了吗", "output": "C"}
            {"instruction": "怎么修改交易密码", "output": "D"}
            """);
    }

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_row_like_a_validation_question_is_refused_with_both_places()
    {
        var error = Assert.Throws<UserErrorException>(() => Load(new() { Dataset = ["train"], EvalDataset = ["eval"] }));

        foreach (var part in (string[])["1 times a training row asks",
            $"{_tiny["train.jsonl"]}:2 \"请问怎么修改交易密码\" – {_tiny["eval.jsonl"]}:2 \"怎么修改交易密码\" (0.78)", "allow_leak: true"])
            Assert.Contains(part, error.Message);
    }

    [Fact]
    public void Files_to_compare_with_can_be_named_and_leaks_allowed()
    {
        var settings = new DatasetSettings { Dataset = ["train"], LeakCheckFiles = [_tiny["eval.jsonl"]] };

        Assert.Contains($"{_tiny["train.jsonl"]}:2", Assert.Throws<UserErrorException>(() => Load(settings)).Message);
        using var rows = Load(settings with { AllowLeak = true });

        Assert.Equal(3, rows.Train.Count);
        Assert.StartsWith("allow_leak: 1 times a training row asks", Assert.Single(_told));
    }

    [Fact]
    public void Rows_that_are_not_taken_do_not_leak()
    {
        using var rows = Load(new() { Dataset = ["train"], LeakCheckFiles = [_tiny["eval.jsonl"]], MaxSamples = 1 });

        Assert.Equal(1, rows.Train.Count);
    }

    [Fact]
    public void Tokens_leak_as_the_text_they_stand_for_does()
    {
        var tokens = _tiny["tokens.jsonl"];
        Load(new() { Dataset = ["train"], TokenizedPath = tokens }).Dispose();

        var error = Assert.Throws<UserErrorException>(() => Load(new() { TokenizedPath = tokens, LeakCheckFiles = [_tiny["eval.jsonl"]] }));

        Assert.Contains($"{tokens}:2 \"请问怎么修改交易密码\" – {_tiny["eval.jsonl"]}:2 \"怎么修改交易密码\" (0.78)", error.Message);
    }

    [Fact]
    public void OpenFinData_is_refused_as_tokens_too()
    {
        var row = Encode(new(null, [new("user", Official), new("assistant", "A")]));
        var tokens = _tiny.Write("official.jsonl",
            $$"""{"input_ids": [{{string.Join(',', row.InputIds)}}], "labels": [{{string.Join(',', row.Labels)}}]}""");

        foreach (var allowLeak in (bool[])[false, true])
            Assert.Contains($"{tokens}:1: this is an intent question of OpenFinData",
                Assert.Throws<UserErrorException>(() => Load(new() { TokenizedPath = tokens, AllowLeak = allowLeak })).Message);
    }

    [Fact]
    public void Tokens_that_nothing_can_read_are_refused_unless_someone_vouches_for_them()
    {
        var tokens = _tiny.Write("unknown.jsonl", """{"input_ids": [1, 2], "labels": [-100, 2]}""");

        var error = Assert.Throws<UserErrorException>(() => Load(new() { TokenizedPath = tokens }, isReadable: false));
        using var rows = Load(new() { TokenizedPath = tokens, AllowLeak = true }, isReadable: false);

        foreach (var part in (string[])[tokens, "no tokenizer in the model's folder", "allow_leak: true if you vouch"])
            Assert.Contains(part, error.Message);
        Assert.Equal(1, rows.Train.Count);
    }

    TokenRow Encode(Conversation conversation) =>
        ChatTemplate.Get("qwen", Tokenizer.Load(_tiny.Model), null, false).EncodeSupervised(conversation, new(2048, false, false));

    TrainingRows Load(DatasetSettings settings, bool isReadable = true) =>
        TrainingRows.Load(settings with { DatasetDir = Path.GetDirectoryName(_tiny.Model)! }, Stage.Sft, 42,
        () => new(Encode), _told.Add, () => isReadable ? Tokenizer.Load(_tiny.Model) : null);
}
