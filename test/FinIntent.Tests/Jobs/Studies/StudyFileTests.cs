using FinIntent.Jobs.Studies;
using Xunit;

namespace FinIntent.Tests.Jobs.Studies;

public sealed class StudyFileTests : IDisposable
{
    const string Good = "eval_file: q.json\ndataset: d\n";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_models_keys_win_over_shared_ones_and_these_over_its_settings_file()
    {
        var settings = _folder.Write("lora.yaml", "model_name_or_path: base\nlearning_rate: 1\nnum_train_epochs: 1\nlora_rank: 1");

        var file = Read($"{Good}num_train_epochs: 2\nlora_rank: 2\nmodels:\n  - name: one\n    settings: {settings}\n    lora_rank: 3",
            "seeds=7,8", "cutoff_len=99");
        var one = file.Models[0].With(("learning_rate", "0.5"));

        Assert.Equal([7, 8], file.Seeds);
        Assert.Equal((0.5, 2.0, 3, 99), (one.Train.LearningRate, one.Train.NumTrainEpochs, one.Method.LoraRank, one.Dataset.CutoffLen));
    }

    [Fact]
    public void A_model_behind_an_API_takes_the_shared_keys_that_mean_something_to_it()
    {
        var file = Read("eval_file: q.json\ndataset: d\nscoring: both\nlearning_rate: 1\napi_attempts: 2\nmodels:\n  - name: cloud\n    " +
            "api: ollama\n    api_model: m\n  - name: local\n    model_name_or_path: base");

        var (cloud, local) = (file.Models[0], file.Models[1]);

        Assert.True(cloud.IsApi);
        Assert.Equal(("q.json", 2), (cloud.With().Inference.EvalFile, cloud.With().Api.ApiAttempts));
        Assert.Equal(1.0, local.With().Train.LearningRate);
        Assert.False(local.IsApi);
    }

    [Theory]
    [InlineData("seeds: [1]", "models is missing")]
    [InlineData("models: x", "experiment.yaml:2: models: expected a list")]
    [InlineData("models:\n  - model_name_or_path: x", "experiment.yaml:3: a model has no name")]
    [InlineData("models:\n  - x", "experiment.yaml:3: expected a map")]
    [InlineData("models:\n  - name: a b\n    model_name_or_path: x\n  - name: a-b\n    model_name_or_path: x",
        "would share the folder a-b")]
    [InlineData("eval_file: q\ndataset: d\nseeds: [1, 1]\nmodels:\n  - name: a\n    model_name_or_path: x",
        "\"1, 1\" is no list of different whole numbers")]
    public void Errors_name_the_place(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Read(yaml)).Message);

    [Theory]
    [InlineData("    lora_rnk: 3", "experiment.yaml:7: unknown key \"lora_rnk\"")]
    [InlineData("    finetuning_type: full", "experiment.yaml:7: finetuning_type: a study trains LoRA adapters and merges them, not full")]
    [InlineData("    adapter_name_or_path: x", "experiment.yaml:7: adapter_name_or_path: a study trains a fresh adapter")]
    [InlineData("    eval_file: null", "a: eval_file is missing")]
    [InlineData("    eval_seeds: 1, 2", "experiment.yaml:7: eval_seeds: a study scores each model once; give seeds")]
    [InlineData("    eval_adapters: x", "experiment.yaml:7: eval_adapters: a study trains its own adapters")]
    public void What_a_study_cannot_do_is_said_before_anything_runs(string key, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() =>
            Read($"{Good}models:\n  - name: a\n    model_name_or_path: base\n{key}")).Message);

    [Theory]
    [InlineData("eval_seeds: [1, 2]", "experiment.yaml:4: eval_seeds: ")]
    [InlineData("eval_adapters: x", "experiment.yaml:4: eval_adapters: ")]
    public void A_shared_key_that_would_change_nothing_is_refused_whatever_the_models_are(string key, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(
            () => Read($"{Good}{key}\nmodels:\n  - name: a\n    api: ollama\n    api_model: m")).Message);

    [Fact]
    public void The_command_lines_seed_wins_and_its_last_word_counts()
    {
        const string yaml = $"{Good}seeds: [1, 2]\nmodels:\n  - name: a\n    model_name_or_path: base";

        Assert.Equal([7], Read(yaml, "seed=6", "seed=7").Seeds);
        Assert.True(Read(yaml).KeepsModels);
        Assert.False(Read(yaml, "keep_models=False").KeepsModels);
        Assert.Contains("keep_models: expected true or false, got \"nein\"",
            Assert.Throws<UserErrorException>(() => Read(yaml, "keep_models=nein")).Message);
    }

    StudyFile Read(string yaml, params string[] overrides) =>
        StudyFile.Read(_folder.Write("experiment.yaml", $"output_dir: {_folder["out"]}\n{yaml}"), overrides);
}
