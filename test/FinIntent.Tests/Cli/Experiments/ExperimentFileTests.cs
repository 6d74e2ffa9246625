using FinIntent.Cli.Experiments;
using Xunit;

namespace FinIntent.Tests.Cli.Experiments;

public sealed class ExperimentFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_models_keys_win_over_shared_ones_and_these_over_its_settings_file()
    {
        var settings = _folder.Write("lora.yaml", "model_name_or_path: base\nlearning_rate: 1\nnum_train_epochs: 1\nlora_rank: 1");

        var file = Read($"num_train_epochs: 2\nlora_rank: 2\nmodels:\n  - name: one\n    settings: {settings}\n    lora_rank: 3", "seeds=7,8", "cutoff_len=99");
        var one = file.Models[0].With(("learning_rate", "0.5"));

        Assert.Equal([7, 8], file.Seeds);
        Assert.Equal((0.5, 2.0, 3, 99), (one.Train.LearningRate, one.Train.NumTrainEpochs, one.Method.LoraRank, one.Dataset.CutoffLen));
    }

    [Fact]
    public void A_model_behind_an_API_takes_the_shared_keys_that_mean_something_to_it()
    {
        var file = Read("eval_file: q.json\nscoring: both\nlearning_rate: 1\napi_attempts: 2\nmodels:\n  - name: cloud\n    api: ollama\n    api_model: m\n  - name: local\n    model_name_or_path: base");

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
    [InlineData("models:\n  - name: a b\n  - name: a-b", "would share the folder a-b")]
    [InlineData("seeds: [1, 1]\nmodels:\n  - name: a", "\"1, 1\" is no list of different whole numbers")]
    public void Errors_name_the_place(string yaml, string expected) =>
        Assert.Contains(expected, Assert.Throws<UserErrorException>(() => Read(yaml)).Message);

    [Fact]
    public void A_misspelt_key_is_answered_with_its_line_when_the_model_is_asked_for() =>
        Assert.Contains("experiment.yaml:4: unknown key \"lora_rnk\"", Assert.Throws<UserErrorException>(() =>
            Read("models:\n  - name: a\n    lora_rnk: 3").Models[0].With()).Message);

    ExperimentFile Read(string yaml, params string[] overrides) =>
        ExperimentFile.Read(_folder.Write("experiment.yaml", $"output_dir: {_folder["out"]}\n{yaml}"), overrides);
}
