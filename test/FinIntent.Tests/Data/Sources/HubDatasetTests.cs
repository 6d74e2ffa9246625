using System.Text;
using FinIntent.Data.Leaks;
using FinIntent.Data.Sources;
using FinIntent.Data.Tokens;
using FinIntent.Hub;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Tests.Generation;
using FinIntent.Tests.Hub;
using FinIntent.Text;
using Xunit;

namespace FinIntent.Tests.Data.Sources;

/// <summary>
/// Which files of a repository are the rows: the rules of `datasets` (data_files.py), with repositories in the forms its documentation
/// shows.
/// </summary>
public sealed class HubDatasetTests : IDisposable
{
    readonly HubFixture _hub = new();

    TinyChat Tiny => field ??= new();

    [Theory]
    [InlineData("data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet data/test-00000-of-00001.parquet extra.json", "train",
        "data/train-00000-of-00002.parquet data/train-00001-of-00002.parquet")]
    [InlineData("data/part-of-x-00000-of-00001.parquet", "part-of-x", "data/part-of-x-00000-of-00001.parquet")]
    [InlineData("data/random-00000-of-00001.parquet data/test-00000-of-00001.parquet", "random", "data/random-00000-of-00001.parquet")]
    [InlineData("train.json test.json README.txt", "train", "train.json")]
    [InlineData("intent_train.json intent_eval.json intent_val.json", "test", "intent_eval.json")]
    [InlineData("intent_train.json intent_eval.json intent_val.json", "validation", "intent_val.json")]
    [InlineData("my_train_file_2.jsonl my_dev.jsonl", "validation", "my_dev.jsonl")]
    [InlineData("train/a.csv train/b.csv validation/a.csv test.csv", "train", "train/a.csv train/b.csv")]
    [InlineData("data/training/x.json data/testing/y.json", "test", "data/testing/y.json")]
    [InlineData("rows.json more.json config.json dataset_infos.json .hidden.json __pycache__/x.json", "train", "rows.json more.json")]
    [InlineData("trains.json", "train", "trains.json")]
    [InlineData("a.json b.csv c.csv", "train", "b.csv c.csv")]
    [InlineData("a.json b.jsonl c.csv image.png", "train", "a.json b.jsonl")]
    public void Splits_are_found_by_names(string files, string split, string expected) =>
        Assert.Equal(expected.Split(' ').Order(), Choose(files, null, null, split).Order());

    [Theory]
    [InlineData("train.json test.json", "validation", "it has no split \"validation\"; it has train, test")]
    [InlineData("image.png", "train", "rows are read from .json, .jsonl, .csv, .tsv, .parquet, .txt files, and it has image.png")]
    [InlineData("README.md", "train", "there are no data files")]
    public void What_is_not_there_is_named(string files, string split, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Choose(files, null, null, split)).Message);

    [Fact]
    public void A_folder_is_searched_like_a_repository()
    {
        Assert.Equal(["zh/train.json"], Choose("zh/train.json en/train.json", null, "zh", "train"));
        Assert.Contains("in its folder de", Assert.Throws<UserErrorException>(() => Choose("zh/train.json", null, "de", null)).Message);
    }

    [Theory]
    [InlineData("zh", null, "zh.json")]
    [InlineData("en", null, "en/a.json en/b.json")]
    [InlineData("en", "test", "held.json")]
    [InlineData(null, null, "zh.json")]
    public void The_card_names_subsets_and_their_files(string? subset, string? split, string expected) =>
        Assert.Equal(expected.Split(' '), Choose("README.md zh.json en/a.json en/b.json held.json", subset, null, split, Card));

    [Fact]
    public void A_subset_must_be_one_there_is_and_named_where_none_is_the_default()
    {
        Assert.Contains("it has no subset \"fr\"; it has zh, en",
            Assert.Throws<UserErrorException>(() => Choose("README.md zh.json", "fr", null, null, Card)).Message);
        Assert.Contains("it has the subsets zh, en; name one as subset",
            Assert.Throws<UserErrorException>(() =>
                Choose("README.md zh.json", null, null, null, Card.Replace("default: true", "default: false"))).Message);
        Assert.Contains("it has no subsets", Assert.Throws<UserErrorException>(() => Choose("zh.json", "fr", null, null)).Message);
        Assert.Equal(["a/train.json"],
            Choose("README.md a/train.json b/train.json", null, null, null, "---\nconfigs:\n- config_name: one\n  data_dir: a\n---\n"));
    }

    [Fact]
    public void A_split_that_the_card_names_twice_has_the_files_of_both()
    {
        const string card = "---\nconfigs:\n- config_name: one\n  data_files:\n  - split: train\n    path: a.json\n" +
            "  - split: train\n    path: b.json\n---\n";
        Assert.Equal(["a.json", "b.json"], Choose("README.md a.json b.json", null, null, null, card));
    }

    [Fact]
    public void A_pattern_that_is_none_is_named() =>
        Assert.Contains("\"[z-a].json\" is no pattern of file names",
            Assert.Throws<UserErrorException>(() => HubGlob.IsMatch("[z-a].json", "a.json")).Message);

    [Theory]
    [InlineData("hf_hub_url", false)]
    [InlineData("ms_hub_url", false)]
    [InlineData("ms_hub_url", true)]
    public void Rows_of_a_hub_are_trained_on_like_any_others(string key, bool prefersModelScope)
    {
        AddRows("datasets/acme/rows");
        if (prefersModelScope) _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        var settings = Settings(
            """{"x": {"KEY": "acme/rows", "split": "validation", "columns": {"prompt": "q", "response": "a"}}}""".Replace("KEY", key), "x");

        using var rows = TrainingRows.Load(settings, Stage.Sft, 1, () => new(Lengths), _ => { },
            inspection: new() { HubFiles = Fetch(settings) });

        Assert.Equal([[2, 1], [3, 2]], Enumerable.Range(0, rows.Train.Count).Select(i => rows.Train.Read(i).InputIds));
        Assert.DoesNotContain(_hub.Server.Requests, r => r.Path.Contains("train.jsonl"));

        static TokenRow Lengths(Conversation conversation) => new([.. conversation.Messages.Select(m => m.Content.Length)], [1, 1]);
    }

    [Fact]
    public void The_hub_is_LLaMA_Factorys_choice()
    {
        AddRows("datasets/acme/hf");
        AddRows("datasets/acme/ms");
        const string both = """{"x": {"hf_hub_url": "acme/hf", "ms_hub_url": "acme/ms", "split": "validation"}}""";

        Assert.Contains("datasets--acme--hf", Fetch(Settings(both, "x"))["x"][0]);
        _hub.Variables["USE_MODELSCOPE_HUB"] = "1";
        Assert.Contains(Path.Combine("ms", "datasets", "acme", "ms"), Fetch(Settings(both, "x"))["x"][0]);
    }

    [Fact]
    public void ONLINE_makes_every_name_one_of_a_hub()
    {
        AddRows("datasets/acme/rows");
        var settings = new DatasetSettings { Dataset = ["acme/rows"], DatasetDir = "ONLINE" };

        var files = Fetch(settings);

        Assert.EndsWith("train.jsonl", Assert.Single(files["acme/rows"]));
        Assert.Equal(files["acme/rows"], DatasetRegistry.Open("ONLINE", files).Get("acme/rows").Files);
    }

    [Fact]
    public void Rows_of_a_hub_that_a_model_was_trained_on_are_compared_with_questions()
    {
        const string question = "甲公司明天的股价会不会涨到一百元";
        _hub.Server.Add("datasets/acme/rows").Files["train.json"] =
            Encoding.UTF8.GetBytes($$"""[{"instruction": "{{question}}", "output": "B"}]""");
        Settings("""{"x": {"hf_hub_url": "acme/rows"}}""", "x");
        File.WriteAllText(_hub["run.json"], $$$"""{"dataset_dir": "{{{_hub.Home}}}", "settings": {"dataset": ["x"]}}""");
        var (run, check) = (RunRows.Read(_hub["run.json"]), new LeakCheck([new("q.json:1", question)]));

        var report = new LeakReport();
        Assert.Null(run.Compare(check, report, () => null, it =>
            HubDatasets.Fetch(it, _hub.Folders(), TestContext.Current.CancellationToken)));
        Assert.Equal(1, report.Count);
        Assert.Equal("\"x\" is of a hub, and was not fetched", run.Compare(check, report, () => null));
    }

    [Fact]
    public void A_run_is_compared_with_the_rows_it_had_from_where_it_kept_them()
    {
        const string then = "甲公司明天的股价会不会涨到一百元", now = "怎么修改交易密码才算安全";
        var repository = _hub.Server.Add("datasets/acme/rows");
        repository.Files["train.json"] = Rows(then);
        var trained = HubDatasets.Fetch(new DatasetSettings { Dataset = ["acme/rows"], DatasetDir = "ONLINE" },
            _hub.Folders().In(_hub["kept"]), TestContext.Current.CancellationToken);
        var settings = SettingsFile.Load(Written(
            $"model_name_or_path: {Tiny.Model}\ndataset: acme/rows\ndataset_dir: ONLINE\noutput_dir: out\ncache_dir: {_hub["kept"]}"), []);
        var prepared = new Prepared(settings) { ModelFolder = Tiny.Model, HubFiles = trained };
        File.WriteAllText(_hub["run.json"], RunRecord.Create(prepared, null, [], "bf16").ToJsonString());
        var commit = repository.Commit;
        (repository.Commit, repository.Files["train.json"]) = (new('b', 40), Rows(now));

        var run = RunRows.Read(_hub["run.json"]);
        var report = new LeakReport();
        Assert.Null(run.Compare(new([new("q.json:1", then), new("q.json:2", now)]), report, () => null, it =>
            HubDatasets.Fetch(it, _hub.Folders(), TestContext.Current.CancellationToken)));

        Assert.Equal(commit, run.Commits["acme/rows"]);
        Assert.Equal((1, 1), (report.Count, report.QuestionCount));
        Assert.Contains("q.json:1", Assert.Single(report.Lines));
        Assert.False(Directory.Exists(_hub.Cache));

        static byte[] Rows(string question) => Encoding.UTF8.GetBytes($$"""[{"instruction": "{{question}}", "output": "B"}]""");
    }

    [Theory]
    [InlineData("/c/datasets--a--b/snapshots/0123456789012345678901234567890123456789/data/x.json",
        "0123456789012345678901234567890123456789")]
    [InlineData("/c/datasets--a--b/snapshots/main/x.json", null)]
    [InlineData("/c/0123456789012345678901234567890123456789/x.json", null)]
    public void The_commit_of_a_path_is_read_from_it(string path, string? commit) => Assert.Equal(commit, HubDatasets.CommitOf(path));

    [Fact]
    public void Errors_name_the_entry_and_what_the_hub_said()
    {
        var settings = Settings("""{"x": {"hf_hub_url": "acme/none"}, "y": {"hf_hub_url": "none"}, "z": {"file_name": "z.json"}}""", "x");

        var message = Assert.Throws<UserErrorException>(() => Fetch(settings)).Message;
        Assert.Contains("dataset_info.json: \"x\": hf_hub_url: there is no data set acme/none", message);
        Assert.Contains("\"y\": hf_hub_url \"none\" is not of the form owner/name",
            Assert.Throws<UserErrorException>(() => Fetch(settings with { Dataset = ["y"] })).Message);
        Assert.Empty(Fetch(settings with { Dataset = ["z"] }));
    }

    const string Card = """
        ---
        license: mit
        configs:
          - config_name: zh
            default: true
            data_files: zh.json
          - config_name: en
            data_files:
              - split: train
                path: en/*.json
              - split: test
                path: ["held.json"]
        ---
        # Rows
        """;

    IReadOnlyList<string> Choose(string files, string? subset, string? folder, string? split, string? card = null)
    {
        if (card is not null) File.WriteAllText(_hub["README.md"], card);
        var listing = new HubListing(new("acme/rows", RepositoryKind.Dataset), "main",
            [.. files.Split(' ').Where(f => card is not null || f != "README.md").Select(f => new ListedFile(f))]);
        var dataset = new HubDataset(subset, folder, split);
        dataset.Choose(listing, _hub.Home);
        return dataset.Files;
    }

    string Written(string settings)
    {
        File.WriteAllText(_hub["train.yaml"], settings);
        return _hub["train.yaml"];
    }

    IReadOnlyDictionary<string, IReadOnlyList<string>> Fetch(DatasetSettings settings) =>
         HubDatasets.Fetch(settings, _hub.Folders(), TestContext.Current.CancellationToken);

    void AddRows(string name)
    {
        var repository = _hub.Server.Add(name);
        repository.Files["README.md"] = "# rows"u8.ToArray();
        repository.Files["train.jsonl"] = Encoding.UTF8.GetBytes("{\"q\": \"x\", \"a\": \"y\"}\n");
        repository.Files["val.jsonl"] = Encoding.UTF8.GetBytes("{\"q\": \"ab\", \"a\": \"c\"}\n{\"q\": \"abc\", \"a\": \"cd\"}\n");
    }

    DatasetSettings Settings(string info, string name)
    {
        File.WriteAllText(_hub["dataset_info.json"], info);
        return new() { Dataset = [name], DatasetDir = _hub.Home };
    }

    public void Dispose() => _hub.Dispose();
}
