using System.Text.Json.Nodes;
using FinIntent.Cli.Commands;
using FinIntent.Data.Tokens;
using FinIntent.Evaluation;
using FinIntent.Files;
using FinIntent.Jobs.Studies;
using FinIntent.Tests.Training;
using Xunit;

namespace FinIntent.Tests.Jobs.Studies;

/// <summary>Studies of the tiny models that ship, from their base score to the report.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class StudyJobTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static string Tiny(string family) => Path.Combine(Reference.Root, "models", "tiny", family);

    [Fact]
    public void Every_family_goes_through_the_whole_chain_and_a_second_run_keeps_it_all()
    {
        string[] families = ["qwen2", "llama", "chatglm", "baichuan"];
        var file = Study([.. families.Select(family => $"name: {family}\n    model_name_or_path: {Tiny(family)}")]);

        var (code, printed) = Run(file);
        var before = Files();
        var (_, again) = Run(file);

        Assert.Equal(0, code);
        Assert.All(families, family => Assert.Contains($"\n{family} ", printed));
        Assert.Equal(8, families.SelectMany(f => new[] { $"{f}/base.jsonl", $"{f}/seed-1/tuned.jsonl" })
            .Count(f => PredictionFile.Read(_folder["out/" + f]).Count == 6));
        Assert.Equal(before, Files());
        Assert.Equal(8, again.Split("kept from before").Length - 1);
        Assert.Equal(Table(printed), Table(again));
        var report = JsonNode.Parse(File.ReadAllText(_folder["out/report.json"]))!;
        Assert.Equal(families, report["groups"]!.AsArray().Select(g => (string)g!["name"]!));
        Assert.Contains((0, 1), Pairs(report));
    }

    [Fact]
    public void A_changed_setting_redoes_what_depends_on_it_and_nothing_else()
    {
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}"]);
        Run(file);
        var tuned = File.ReadAllBytes(_folder["out/tiny/seed-1/tuned.jsonl"]);

        var (_, printed) = Run(file, "learning_rate=0.03");
        var (_, back) = Run(file, "seeds=1,2");

        Assert.Contains("base: kept from before", printed);
        Assert.Matches(@"train, seed 1: [\d.]+ s", printed);
        Assert.Matches(@"train, seed 1: [\d.]+ s", back);
        Assert.Matches(@"train, seed 2: [\d.]+ s", back);
        Assert.Contains("Questions not always answered alike", back);
        Assert.Equal(PredictionFile.Read(_folder["out/tiny/seed-1/tuned.jsonl"]).Select(p => p.Probabilities!["A"]), Probabilities(tuned));
    }

    [Fact]
    public void A_model_that_fails_does_not_stop_the_others()
    {
        var file = Study(["name: gone\n    model_name_or_path: nowhere", $"name: tiny\n    model_name_or_path: {Tiny("qwen2")}",
            "name: cloud\n    api: ollama\n    api_model: m\n    api_base: http://127.0.0.1:9\n    api_attempts: 1"]);

        var (code, printed) = Run(file, "keep_models=false");

        Assert.Equal(1, code);
        Assert.Contains("Not finished: gone: model_name_or_path: there is no folder nowhere", printed);
        Assert.Contains("Not finished: cloud: ", printed);
        Assert.Equal(6, PredictionFile.Read(_folder["out/tiny/seed-1/tuned.jsonl"]).Count);
        Assert.False(Directory.Exists(_folder["out/tiny/seed-1/model"]));
        Assert.True(File.Exists(_folder["out/tiny/seed-1/train/adapter_model.safetensors"]));
        var (_, again) = Run(file, "keep_models=false");
        Assert.Contains("tuned, seed 1: kept from before", again);
    }

    [Fact]
    public void A_study_that_was_stopped_in_training_goes_on_from_its_checkpoint_and_ends_the_same()
    {
        var whole = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}\n    save_strategy: steps\n    save_steps: 1"]);
        Run(whole);
        var wanted = Files();
        Directory.Delete(_folder["out"], recursive: true);

        using var stop = new CancellationTokenSource();
        var console = new Stopper(stop, at: "train, seed 1 …");
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new StudyJob(StudyFile.Read(whole, []), new(console, TextWriter.Null), stop.Token).Run());
        Assert.False(File.Exists(_folder["out/tiny/seed-1/tuned.jsonl"]));
        var (code, printed) = Run(whole);

        Assert.Equal(0, code);
        Assert.Contains("base: kept from before", printed);
        Assert.Equal(wanted, Files());
    }

    [Fact]
    public void A_refused_run_leaves_nothing_of_the_run_before_it_to_go_on_with()
    {
        var model = $"name: tiny\n    model_name_or_path: {Tiny("qwen2")}\n    save_strategy: steps\n    save_steps: 1";
        Run(Study([model]));
        var first = Files()["tiny/seed-1/train/adapter_model.safetensors"];

        var (refused, _) = Run(Study([model]), "learning_rate=0.05", "leak_check_files="
            + Path.Combine(Reference.Root, "data", "intent_train.json"));
        var (code, _) = Run(Study([model]), "learning_rate=0.05");
        var second = Files()["tiny/seed-1/train/adapter_model.safetensors"];
        Directory.Delete(_folder["out"], recursive: true);
        Run(Study([model]), "learning_rate=0.05");

        Assert.Equal((1, 0), (refused, code));
        Assert.NotEqual(first, second);
        Assert.Equal(second, Files()["tiny/seed-1/train/adapter_model.safetensors"]);
    }

    [Fact]
    public void What_the_columns_mean_is_an_input_too()
    {
        File.WriteAllText(_folder["dataset_info.json"], Entry(""));
        File.Copy(Path.Combine(Reference.Root, "data", "intent_train.json"), _folder["intent_train.json"]);
        var study = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}\n    dataset_dir: {_folder.Path}"]);
        Run(study);

        File.WriteAllText(_folder["dataset_info.json"], Entry(""", "columns": {"prompt": "instruction", "response": "instruction"}"""));
        var (_, printed) = Run(study);

        Assert.Contains("base: kept from before", printed);
        Assert.Matches(@"train, seed 1: [\d.]+ s", printed);

        static string Entry(string more) => """{"intent_understanding": {"file_name": "intent_train.json"MORE}}""".Replace("MORE", more);
    }

    [Fact]
    public void Questions_that_are_not_there_are_told_before_anything_is_done()
    {
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}",
            $"name: other\n    model_name_or_path: {Tiny("llama")}\n    eval_file: gone.json"]);

        Assert.Contains("other: eval_file: gone.json: no such file", Assert.Throws<UserErrorException>(() => Run(file)).Message);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void Another_seed_beside_it_leaves_a_runs_results_as_they_are()
    {
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}"]);
        var (_, alone) = Run(file, "keep_models=false");

        var (_, both) = Run(file, "keep_models=false", "seeds=1,2");

        Assert.Contains("tuned, seed 1: kept from before", both);
        Assert.DoesNotContain("export, seed 1", both);
        Assert.Contains("tiny", alone);
    }

    [Fact]
    public void A_training_row_that_repeats_a_question_of_the_study_is_refused()
    {
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}\n    dataset: intent_eval"]);

        var (code, printed) = Run(file);

        Assert.Equal(1, code);
        Assert.Contains("allow_leak", printed);
    }

    [Fact]
    public void Permutations_are_asked_of_each_model_and_reported_and_nothing_else_is_done_again()
    {
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}"]);
        Run(file);
        var before = Files();

        var (code, printed) = Run(file, "permutations=rotations");
        var (_, again) = Run(file, "permutations=rotations");

        Assert.Equal(0, code);
        Assert.Equal(6 * 5, PredictionFile.Read(_folder["out/tiny/permutations.jsonl"]).Count);
        Assert.Equal(6 * 5, PredictionFile.Read(_folder["out/tiny/seed-1/permutations.jsonl"]).Count);
        Assert.DoesNotContain("train, seed 1", printed);
        Assert.Equal(2, again.Split("kept from before").Length - 1);
        string[] kept = ["tiny/base.jsonl", "tiny/seed-1/tuned.jsonl", "tiny/seed-1/train/adapter_model.safetensors"];
        Assert.All(kept, name => Assert.Equal(before[name], Files()[name]));
        var models = JsonNode.Parse(File.ReadAllText(_folder["out/report.json"]))!["models"]!.AsArray();
        Assert.All(models, model => Assert.Equal(5, (int)model!["robustness"]!["orders"]!));
    }

    [Fact]
    public void The_seeds_of_a_study_share_the_rows_that_were_encoded()
    {
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}"]);
        var cache = new TokenCache(_folder["cache"], TimeProvider.System) { SmallestSource = 0 };

        new StudyJob(StudyFile.Read(file, ["seeds=1,2"]), new(TextWriter.Null, TextWriter.Null) { Cache = cache }, default).Run();

        Assert.Single(Directory.GetFiles(_folder["cache"]));
    }

    [Fact]
    public void What_is_odd_about_a_studys_rows_is_told_as_before_any_training()
    {
        File.WriteAllText(_folder["dataset_info.json"], """{"rows": {"file_name": "rows.jsonl"}}""");
        File.WriteAllText(_folder["rows.jsonl"], """
            {"instruction": "怎么开通创业板的权限", "output": "A"}
            {"instruction": "怎么开通创业板的权限", "output": "B"}
            """);
        var file = Study([$"name: tiny\n    model_name_or_path: {Tiny("qwen2")}\n    dataset_dir: {_folder.Path}\n    dataset: rows"]);
        var error = new StringWriter();

        new StudyJob(StudyFile.Read(file, []), new(TextWriter.Null, error), default).Run();

        Assert.Contains("1 row with the question of a row before and another answer", error.ToString());
    }

    /// <summary>Cancels when a line is printed.</summary>
    sealed class Stopper(CancellationTokenSource stop, string at) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value!.Contains(at, StringComparison.Ordinal)) stop.Cancel();
        }
    }

    string Study(string[] models) => _folder.Write("study.yaml", $"""
        output_dir: {_folder["out"]}
        seeds: 1
        eval_file: {Questions()}
        scoring: options
        dataset: intent_understanding
        dataset_dir: {Path.Combine(Reference.Root, "data")}
        max_samples: 16
        lora_target: all
        cutoff_len: 1024
        per_device_train_batch_size: 4
        learning_rate: 0.02
        num_train_epochs: 1
        infer_dtype: float32
        models:
        {string.Concat(models.Select(model => $"  - {model}\n"))}
        """);

    string Questions()
    {
        var rows = JsonNode.Parse(File.ReadAllText(Path.Combine(Reference.Root, "data", "intent_eval.json")))!.AsArray();
        return _folder.Write("questions.json", new JsonArray([.. rows.Take(6).Select(row => row!.DeepClone())]).ToJsonString());
    }

    (int Code, string Printed) Run(string file, params string[] overrides)
    {
        var output = new StringWriter { NewLine = "\n" };
        var code = ExperimentCommand.Build().Parse([file, .. overrides])
            .Invoke(new() { Output = output, EnableDefaultExceptionHandler = false });
        return (code, output.ToString());
    }

    static string Table(string printed) => printed[printed.IndexOf("\nModel ", StringComparison.Ordinal)..];

    static IEnumerable<(int, int)> Pairs(JsonNode report)
    {
        var names = report["models"]!.AsArray().Select(m => (string)m!["name"]!).ToList();
        return report["pairs"]!.AsArray().Select(p => (names.IndexOf((string)p!["a"]!), names.IndexOf((string)p["b"]!)));
    }

    static IEnumerable<double> Probabilities(byte[] lines) =>
        System.Text.Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => Prediction.Parse(line, "").Probabilities!["A"]);

    /// <summary>Predictions, adapters, models and reports, by content. Logs hold times.</summary>
    SortedDictionary<string, string> Files() => new(Directory.EnumerateFiles(_folder["out"], "*", SearchOption.AllDirectories)
        .Where(f => Path.GetFileName(f) is "base.jsonl" or "tuned.jsonl" or "adapter_model.safetensors" or "model.safetensors"
            or "report.html" or "report.md" or "report.json")
        .Where(f => !f.Contains("checkpoint-"))
        .ToDictionary(f => Path.GetRelativePath(_folder["out"], f), FinIntent.Files.FileFingerprint.Of));
}
