using FinIntent.Data.Leaks;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Settings;
using FinIntent.Tests.Generation;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Tokens;

public sealed class TokenCacheTests : IDisposable
{
    readonly TinyChat _tiny = new();
    readonly FixedClock _clock = new();
    readonly List<string> _told = [];
    int _encoded;

    public TokenCacheTests()
    {
        _tiny.Write("dataset_info.json", """
            {"train": {"file_name": "train.jsonl"}, "drawn": {"file_name": "train.jsonl", "num_samples": 2},
            "other": {"file_name": "train.jsonl", "columns": {"prompt": "instruction", "response": "second"}}}
            """);
        _tiny.Write("train.jsonl", """
            {"instruction": "白酒板块还行吗", "output": "A", "second": "B"}
            {"instruction": "没有答案"}
            {"instruction": "请问怎么修改交易密码", "output": "D", "second": "E", "history": [["你好", "你好"]]}
            {"instruction": "茅台今天多少钱", "output": "B", "second": "C"}
            """);
    }

    sealed class FixedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }

    string Folder => _tiny["cache"];

    TokenCache Cache => new(Folder, _clock) { SmallestSource = 0, FreeBytes = 0 };

    static DatasetSettings Plain => new() { Dataset = ["train"] };

    public void Dispose() => _tiny.Dispose();

    [Fact]
    public void A_second_time_nothing_is_encoded_and_all_is_the_same()
    {
        var first = Load(Plain);
        var second = Load(Plain);

        Assert.Equal((3, 0), (first.Encoded, second.Encoded));
        Assert.Equal(3, first.Rows.Count);
        Assert.Equal(first.Rows.Select(row => row.InputIds), second.Rows.Select(row => row.InputIds));
        Assert.Equal(first.Rows.Select(row => row.Labels), second.Rows.Select(row => row.Labels));
        Assert.Equal((first.Findings.Rows, first.Findings.Longest, first.Findings.LongestPlace),
            (second.Findings.Rows, second.Findings.Longest, second.Findings.LongestPlace));
        Assert.Equal(first.Findings.LeftOut.Examples, second.Findings.LeftOut.Examples);
        Assert.Equal(2, _told.Count);
        Assert.Equal(_told[0], _told[1]);
        Assert.Contains("train.jsonl:2", _told[1]);
    }

    public static TheoryData<string> Parts => [.. Changes.Keys];

    static readonly Dictionary<string, Func<DatasetSettings, DatasetSettings>> Changes = new()
    {
        ["dataset"] = s => s with { Dataset = ["train", "train"] },
        ["columns"] = s => s with { Dataset = ["other"] },
        ["num_samples"] = s => s with { Dataset = ["drawn"] },
        ["max_samples"] = s => s with { MaxSamples = 3 },
        ["cutoff_len"] = s => s with { CutoffLen = 2047 },
        ["train_on_prompt"] = s => s with { TrainOnPrompt = true },
        ["mask_history"] = s => s with { MaskHistory = true },
        ["packing"] = s => s with { Packing = true },
        ["neat_packing"] = s => s with { NeatPacking = true },
        ["default_system"] = s => s with { DefaultSystem = "x" },
        ["enable_thinking"] = s => s with { EnableThinking = true },
        ["overwrite_cache"] = s => s with { OverwriteCache = true },
    };

    [Theory, MemberData(nameof(Parts))]
    public void Rows_of_other_settings_are_encoded(string part)
    {
        Load(Plain);

        Assert.NotEqual(0, Load(Changes[part](Plain)).Encoded);
        Assert.Equal(0, Load(Plain).Encoded);
    }

    [Fact]
    public void Rows_of_another_template_stage_tokenizer_or_file_are_encoded()
    {
        Load(Plain);

        Assert.NotEqual(0, Load(Plain, template: "default").Encoded);
        Assert.NotEqual(0, Load(Plain, stage: Stage.Pt).Encoded);
        File.AppendAllText(Path.Combine(_tiny.Model, "tokenizer.json"), " ");
        Assert.NotEqual(0, Load(Plain).Encoded);
        Assert.Equal(0, Load(Plain).Encoded);
        _tiny.Write("train.jsonl", File.ReadAllText(_tiny["train.jsonl"]).Replace("茅台", "五粮"));
        Assert.NotEqual(0, Load(Plain).Encoded);
    }

    [Fact]
    public void The_seed_counts_where_rows_are_drawn_by_it()
    {
        Load(Plain, seed: 1);
        Load(Plain with { Dataset = ["drawn"] }, seed: 1);

        Assert.Equal(0, Load(Plain, seed: 2).Encoded);
        Assert.NotEqual(0, Load(Plain with { Dataset = ["drawn"] }, seed: 2).Encoded);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(-1)]
    [InlineData(-20)]
    public void A_damaged_file_is_made_again(int at)
    {
        var rows = Load(Plain).Rows;
        var file = Assert.Single(Directory.GetFiles(Folder));
        var whole = File.ReadAllBytes(file);
        var damaged = whole.ToArray();
        damaged[at < 0 ? damaged.Length + at : at] ^= 1;
        File.WriteAllBytes(file, damaged);

        var again = Load(Plain);

        Assert.Equal(3, again.Encoded);
        Assert.Equal(rows.Select(r => r.InputIds), again.Rows.Select(r => r.InputIds));
        Assert.Equal(whole, File.ReadAllBytes(file));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(47)]
    [InlineData(200)]
    public void A_cut_file_is_made_again(int length)
    {
        Load(Plain);
        var file = Assert.Single(Directory.GetFiles(Folder));
        using (var stream = File.OpenWrite(file)) stream.SetLength(length);

        Assert.Equal(3, Load(Plain).Encoded);
        Assert.Equal(0, Load(Plain).Encoded);
    }

    [Fact]
    public void Many_at_once_write_and_read_the_same_rows()
    {
        var expected = Load(Plain).Rows.Select(r => r.InputIds).ToList();
        Directory.Delete(Folder, recursive: true);

        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            var settings = Plain with { OverwriteCache = i % 4 == 0 };
            Assert.Equal(expected, Load(settings).Rows.Select(r => r.InputIds));
        });

        Assert.Single(Directory.GetFiles(Folder));
    }

    [Fact]
    public void Kept_rows_are_held_against_questions_they_were_not_compared_with()
    {
        var questions = _tiny.Write("eval.jsonl", """{"instruction": "怎么修改交易密码", "output": "D"}""");
        Load(Plain);

        Assert.Equal(1, Load(Plain with { LeakCheckFiles = [questions] }).Leaks!.Count);
        Assert.Equal(1, Load(Plain with { LeakCheckFiles = [questions] }).Leaks!.Count); // rows that leak were not kept
        _tiny.Write("eval.jsonl", """{"instruction": "大盘见底了吗", "output": "C"}""");
        Assert.Equal((3, 0L), Summary(Load(Plain with { LeakCheckFiles = [questions] })));
        Assert.Equal((0, 0L), Summary(Load(Plain with { LeakCheckFiles = [questions] })));

        static (int, long) Summary(Loaded loaded) => (loaded.Encoded, loaded.Leaks!.Count);
    }

    [Fact]
    public void A_notice_laid_beside_the_file_is_heeded_though_rows_are_kept()
    {
        Load(Plain);
        EvaluationNotice.Write(_tiny["train.jsonl"]);

        Assert.Contains("these are questions of OpenFinData", Assert.Throws<UserErrorException>(() => Load(Plain)).Message);
    }

    [Fact]
    public void Rows_with_errors_are_not_kept()
    {
        File.AppendAllText(_tiny["train.jsonl"], "\n" + """{"text": "no such column"}""");

        Assert.Contains("train.jsonl:5: no column", Assert.Single(Load(Plain).Findings.Refused.Examples));
        Assert.False(Directory.Exists(Folder));
    }

    [Fact]
    public void The_files_used_longest_ago_go_first()
    {
        Load(Plain);
        _clock.Now += TimeSpan.FromHours(1);
        Load(Plain with { MaxSamples = 3 });
        _clock.Now += TimeSpan.FromHours(1);
        Load(Plain);
        var most = Directory.GetFiles(Folder).Sum(file => new FileInfo(file).Length);
        _clock.Now += TimeSpan.FromHours(1);

        Load(Plain with { MaxSamples = 1 }, cache: new(Folder, _clock) { SmallestSource = 0, FreeBytes = 0, MostBytes = most });

        Assert.Equal(0, Load(Plain).Encoded);
        Assert.NotEqual(0, Load(Plain with { MaxSamples = 3 }).Encoded);
    }

    [Fact]
    public void Small_files_are_encoded_each_time()
    {
        Load(Plain, cache: new(Folder, _clock));

        Assert.False(Directory.Exists(Folder));
    }

    [Theory]
    [InlineData("/c", null, "/c/tokens/k.rows")]
    [InlineData(null, "/x", "/x/finintent/tokens/k.rows")]
    [InlineData("off", "/x", null)]
    public void The_folder_is_the_users(string? own, string? shared, string? expected) => Assert.Equal(expected,
        TokenCache.OfUser(name => name == "FININTENT_CACHE" ? own : shared, _clock)?.PathOf("k").Replace('\\', '/'));

    sealed record Loaded(int Encoded, IReadOnlyList<TokenRow> Rows, RowFindings Findings, LeakReport? Leaks);

    Loaded Load(DatasetSettings settings, Stage stage = Stage.Sft, string template = "qwen", int seed = 42, TokenCache? cache = null)
    {
        settings = settings with { DatasetDir = Path.GetDirectoryName(_tiny.Model)! };
        var tokenizer = Tokenizer.Load(_tiny.Model);
        var encoder = RowEncoder.For(stage, settings, tokenizer,
            ChatTemplate.Get(template, tokenizer, settings.DefaultSystem, settings.EnableThinking));
        var before = _encoded;
        using var survey = new RowSurvey(encoder.EndTokens);
        using var rows = TrainingRows.Load(settings, stage, seed, () => new(conversation =>
        {
            Interlocked.Increment(ref _encoded);
            return encoder.Encode(conversation);
        }), Tell, null, new() { Train = survey, Cache = cache ?? Cache, Encoder = new(_tiny.Model, template) });
        return new(_encoded - before, [.. Enumerable.Range(0, rows.Train.Count).Select(rows.Train.Read)], survey.Findings, survey.Leaks);
    }

    void Tell(string line)
    {
        lock (_told) _told.Add(line);
    }
}
