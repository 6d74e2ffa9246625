using FinIntent.Files;
using FinIntent.Jobs;
using FinIntent.Jobs.Checks;
using FinIntent.Settings;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Tests.Settings;

/// <summary>Every key of LLaMA-Factory's parser, one by one.</summary>
public sealed class LlamaFactoryKeysTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    // The two keys of our own that shipped training files have.
    static readonly string[] OfOurOwn = ["leak_check_files", "max_tokens_per_forward"];

    static (SettingsFile Settings, IReadOnlyList<string> Problems) Inspect(params string[] keys) =>
        SettingsFile.Inspect("", Entries.Of(["model_name_or_path=base", .. keys]));

    static string Error(params string[] keys) => Assert.Single(Inspect(keys).Problems);

    static IEnumerable<LlamaFactoryKey> Of(KeyEffect effect) =>
        LlamaFactoryKeys.Current.Values.Concat(LlamaFactoryKeys.Older.Values).Where(key => key.Effect == effect);

    /// <summary>LLaMA-Factory 0.9.5 has 357; its defaults are what a file that says everything has.</summary>
    [Fact]
    public void Each_of_the_357_keys_is_known_and_accepted_at_its_default()
    {
        Assert.Equal(357, LlamaFactoryKeys.Current.Count);
        Assert.All(LlamaFactoryKeys.Current.Values, key => Assert.Empty(Inspect($"{key.Name}={Default(key)}").Problems));
    }

    [Fact]
    public void Check_accepts_a_file_with_all_of_them()
    {
        string[] ours = ["model_name_or_path", "template", "dataset", "dataset_dir", "output_dir", "do_train", "optim", "batch_size"];
        var keys = LlamaFactoryKeys.Current.Values.Where(key => !ours.Contains(key.Name)).Select(key => $"{key.Name}: {Default(key)}");
        var root = Reference.Root;
        var file = _folder.Write("all.yaml", string.Join('\n', [
            $"model_name_or_path: {Path.Combine(root, "models", "finintent-8m")}", "template: default",
            "dataset: intent_understanding", $"dataset_dir: {Path.Combine(root, "data")}", $"output_dir: {_folder["out"]}",
            "do_train: true", "optim: adamw_torch", .. keys]));

        var report = CheckJob.Run(file, ["stage=sft"], new(TextWriter.Null, TextWriter.Null));

        Assert.DoesNotContain(report.Findings, finding => finding.Severity == Severity.Error);
    }

    [Fact]
    public void A_settings_record_has_every_key_that_is_said_to_be_used_and_no_other()
    {
        Assert.Equal(Of(KeyEffect.Used).Select(key => key.Name).Order(),
            SettingsFile.Keys.Intersect(LlamaFactoryKeys.Names).Order());
        Assert.Empty(LlamaFactoryKeys.Current.Keys.Intersect(LlamaFactoryKeys.Older.Keys));
    }

    [Fact]
    public void Every_other_key_says_why()
    {
        foreach (var key in LlamaFactoryKeys.Current.Values.Concat(LlamaFactoryKeys.Older.Values).Where(k => k.Effect != KeyEffect.Used))
            Assert.NotEmpty(key.Reason);
        Assert.All(Of(KeyEffect.Renamed), key => Assert.Contains(key.Reason, SettingsFile.Keys));
        Assert.All(Of(KeyEffect.Part), key =>
        {
            Assert.NotEmpty(key.Feature);
            var isSwitch = LlamaFactoryKeys.Find(key.Reason) is { Effect: KeyEffect.Refused } turn && turn.Feature == key.Feature;
            Assert.True(isSwitch || LlamaFactoryKeys.RefusedValues.Keys.Any(value => value.Key == key.Reason), key.Name);
        });
    }

    [Fact]
    public void A_key_that_is_ignored_may_have_any_value()
    {
        Assert.All(Of(KeyEffect.Ignored), key =>
        {
            var (settings, problems) = Inspect($"{key.Name}=other");
            Assert.Empty(problems);
            Assert.Equal([$"without effect here: {key.Name}"], settings.Notes);
        });
    }

    [Fact]
    public void A_key_of_a_feature_has_no_effect_while_that_is_off_and_is_named_when_it_is_on()
    {
        Assert.All(Of(KeyEffect.Part), key =>
        {
            var (settings, problems) = Inspect($"{key.Name}=other");
            Assert.Empty(problems);
            Assert.Equal([$"without effect here: {key.Name}"], settings.Notes);
            Assert.Empty(Inspect($"{key.Name}={Default(key)}").Settings.Notes);

            if (LlamaFactoryKeys.Find(key.Reason)!.Effect != KeyEffect.Refused) return;
            Assert.EndsWith($"; remove it with {key.Name}", Error($"{key.Reason}=true", $"{key.Name}=other"));
            Assert.Contains($"{key.Reason}: {key.Feature} is not supported: ", Error($"{key.Reason}=true", $"{key.Name}=other"));
        });
    }

    [Fact]
    public void A_key_that_is_refused_says_what_to_do_instead() => Assert.All(Of(KeyEffect.Refused),
        key => Assert.Contains($"not supported: {key.Reason}", Error($"{key.Name}=77")));

    [Theory]
    [InlineData("deepspeed=false")]
    [InlineData("fsdp=[]")]
    [InlineData("rope_scaling=\"\"")]
    [InlineData("label_smoothing_factor=0")]
    [InlineData("init_special_tokens=noise_init")]
    [InlineData("use_badam=off")]
    public void A_refused_key_is_accepted_where_it_says_nothing(string key) => Assert.Empty(Inspect(key).Problems);

    [Theory]
    [InlineData("deepspeed=true")]
    [InlineData("fsdp=[full_shard]")]
    [InlineData("label_smoothing_factor=true")]
    [InlineData("init_special_tokens=false")]
    [InlineData("use_badam=on")]
    public void A_refused_key_is_refused_where_it_says_something(string key) => Error(key);

    [Fact]
    public void An_old_name_is_read_as_the_name_of_today_and_told()
    {
        var (settings, problems) = Inspect("evaluation_strategy=epoch", "num_layer_trainable=3", "checkpoint_dir=a,b");

        Assert.Empty(problems);
        Assert.Equal((EvaluationStrategy.Epoch, 3), (settings.Evaluation.EvalStrategy, settings.Method.FreezeTrainableLayers));
        Assert.Equal(["a", "b"], settings.Model.AdapterNameOrPath);
        Assert.Equal("evaluation_strategy is read as eval_strategy, its name today", settings.Notes[0]);
        Assert.All(Of(KeyEffect.Renamed), key => Assert.DoesNotContain("unknown", string.Concat(Inspect($"{key.Name}=1").Problems)));
    }

    [Fact]
    public void An_old_name_and_the_new_one_must_agree()
    {
        Assert.Empty(Inspect("evaluation_strategy=steps", "eval_strategy=steps").Problems);
        Assert.Equal("command line: evaluation_strategy: it is the old name of eval_strategy, which has another value (command line); " +
            "remove one of them", Error("evaluation_strategy=epoch", "eval_strategy=steps"));
    }

    [Theory]
    [InlineData("evaluation_strategy: epoch", "eval_strategy=steps")]
    [InlineData("eval_strategy: epoch", "evaluation_strategy=steps")]
    public void The_command_line_goes_before_the_file_under_either_name(string file, string given)
    {
        var path = _folder.Write("old.yaml", $"model_name_or_path: base\n{file}\n");

        Assert.Equal(EvaluationStrategy.Steps, SettingsFile.Load(path, [given]).Evaluation.EvalStrategy);
    }

    [Fact]
    public void The_quantisation_that_LLaMA_Factory_called_bitsandbytes_is_bnb()
    {
        var (settings, problems) = Inspect("quantization_method=bitsandbytes");

        Assert.Empty(problems);
        Assert.Equal("bnb", settings.Resolved()["quantization_method"]);
    }

    [Fact]
    public void A_key_of_exams_is_not_taken_for_one_of_training() => Assert.Contains("batch_size: it is LLaMA-Factory's key of its exams",
        Assert.Throws<UserErrorException>(() => CrossChecks.CheckTraining(Inspect("dataset=a", "batch_size=2").Settings)).Message);

    [Theory]
    [InlineData("notes")]
    [InlineData("my_own_thing")]
    public void A_word_that_is_near_nothing_gets_no_hint(string word) =>
        Assert.Equal($"command line: unknown key \"{word}\"; docs/keys.md lists the keys", Error($"{word}=1"));

    [Theory]
    [InlineData("galore_rnak", "galore_rank")]
    [InlineData("per_device_train_batchsize", "per_device_train_batch_size")]
    [InlineData("LoRA_rank", "lora_rank")]
    public void A_word_that_is_near_a_key_gets_it_as_a_hint(string word, string key) =>
        Assert.Equal($"command line: unknown key \"{word}\"; did you mean \"{key}\"?", Error($"{word}=1"));

    [Fact]
    public void A_value_that_is_refused_belongs_to_a_key_that_has_an_effect_and_says_why() =>
        Assert.All(LlamaFactoryKeys.RefusedValues, value =>
        {
            Assert.Contains(value.Key.Key, SettingsFile.Keys);
            Assert.NotEmpty(value.Value);
        });

    /// <summary>So that LLaMA-Factory reads our recipes as well; the exception is named in docs/train.md.</summary>
    [Fact]
    public void Shipped_training_files_have_LLaMA_Factorys_keys()
    {
        var config = Path.Combine(Reference.Root, "config");
        var files = Directory.EnumerateFiles(config, "*.yaml", SearchOption.AllDirectories)
            .Select(file => (File: file, Keys: TopKeys(file))).Where(file => file.Keys.Contains("do_train")).ToList();

        Assert.True(files.Count >= 6);
        foreach (var (file, keys) in files)
            Assert.True(keys.Except(OfOurOwn).All(LlamaFactoryKeys.Current.ContainsKey),
                $"{file}: {string.Join(", ", keys.Except(OfOurOwn).Except(LlamaFactoryKeys.Current.Keys))}");
    }

    /// <summary>The page is made by the script that makes the table.</summary>
    [Fact]
    public void The_page_of_keys_names_every_key_with_its_reason()
    {
        var page = File.ReadAllText(Path.Combine(Reference.Root, "docs", "keys.md"));

        foreach (var key in LlamaFactoryKeys.Names.Select(name => LlamaFactoryKeys.Find(name)!))
        {
            Assert.Contains($"`{key.Name}`", page);
            Assert.Contains(key.Reason, page);
        }
    }

    [Fact, Trait("tier", "shared")]
    public void The_table_has_the_keys_and_defaults_of_LLaMA_Factorys_parser()
    {
        var lines = File.ReadLines(Reference.Shared("llamafactory-0.9.5-keys.tsv")).Skip(1).Select(line => line.Split('\t')).ToList();

        Assert.Equal(lines.Select(line => line[0]).Order(StringComparer.Ordinal),
            LlamaFactoryKeys.Current.Keys.Order(StringComparer.Ordinal));
        Assert.All(lines, line => Assert.Equal(Python(line[3]), LlamaFactoryKeys.Current[line[0]].Default));
    }

    static string Python(string text) => text switch
    {
        "None" => "null",
        "True" or "False" => text.ToLowerInvariant(),
        "''" => "\"\"",
        ['<', ..] => text.Split('\'')[1],
        ['\'', .., '\''] => text[1..^1],
        _ => text,
    };

    // A model has to be named, whatever the default.
    static string Default(LlamaFactoryKey key) => key.Name == "model_name_or_path" ? "base" : key.Default;

    static string[] TopKeys(string file)
    {
        using var reader = File.OpenText(file);
        var stream = new YamlStream();
        stream.Load(reader);
        return stream.Documents is [{ RootNode: YamlMappingNode map }] ? [.. map.Children.Keys.Select(key => key.ToString())] : [];
    }

    public void Dispose() => _folder.Dispose();
}
