using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Hub;
using FinIntent.Jobs;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Tests.Training;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Jobs;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainJobTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly List<string> _told = [];

    public void Dispose() => _folder.Dispose();

    TrainingResult Run(params string[] more)
    {
        using var fixture = ParityFixture.Open("qwen2");
        var rows = fixture.Train.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText());
        var file = _folder.Write("train.yaml", $"""
            model_name_or_path: {fixture.Folder}
            tokenized_path: {_folder.Write("rows.jsonl", string.Concat(rows.Select(row => row + "\n")))}
            allow_leak: true
            output_dir: {_folder["out"]}
            per_device_train_batch_size: 4
            num_train_epochs: 1
            val_size: 8
            do_eval: true
            trust_remote_code: true
            """);
        var here = new Surroundings(TextWriter.Null, TextWriter.Null)
        {
            Hubs = () => HubChoice.FromEnvironment(name => name == "HF_HUB_OFFLINE" ? "1" : null, _folder.Path),
            Training = run => run(new(_told.Add)),
        };
        return TrainJob.Run(SettingsFile.Load(file, more), here, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_run_tells_what_it_does_and_records_what_it_was_made_from()
    {
        var result = Run("seed=7");

        Assert.Equal((true, 6, 24L), (result.IsFinished, result.Steps, result.Rows));
        Assert.Equal(8, result.Evaluation!.Rows);
        Assert.Equal("without effect here: trust_remote_code", _told[0]);
        Assert.Equal("24 training rows, 8 validation rows; 8,960 parameters are trained (lora)", _told[1]);
        var run = JsonNode.Parse(File.ReadAllText(_folder["out/run.json"]))!;
        Assert.Equal(7, (int)run["seed"]!);
        Assert.Equal(ModelFingerprint.Of((string)run["base_model"]!), (string)run["base_fingerprint"]!);
        Assert.Equal("float32", (string)run["base_format"]!);
        Assert.Null(run["template"]); // the rows were tokens already, and none was named
        Assert.Equal(SettingsFile.Keys.Order(), run["settings"]!.AsObject().Select(p => p.Key).Order());
    }

    [Fact]
    public void A_run_on_a_packed_base_says_so_and_goes_on_as_it_was()
    {
        var result = Run("quantization_bit=4", "lora_dropout=0.1");

        Assert.True(result.IsFinished);
        Assert.EndsWith("parameters are trained (lora on a base in nf4)", _told[1]);
        Assert.Equal("nf4", (string)JsonNode.Parse(File.ReadAllText(_folder["out/run.json"]))!["base_format"]!);
    }

    [Fact]
    public void Packs_count_as_rows_of_a_batch()
    {
        var result = Run("neat_packing=true", "cutoff_len=65", "per_device_train_batch_size=1");

        Assert.Matches(@"^24 training rows in \d packs", _told[1]);
        Assert.InRange(result.Steps, 5, 12);
        Assert.Equal(24, result.Rows);
    }

    [Fact]
    public void A_token_the_model_does_not_know_is_refused_by_row()
    {
        var file = _folder.Write("foreign.jsonl", """
            {"input_ids": [1, 2], "labels": [-100, 2]}
            {"input_ids": [1, 47], "labels": [-100, 47]}
            """);

        var message = Assert.Throws<UserErrorException>(() => Run($"tokenized_path={file}", "val_size=0", "do_eval=false")).Message;

        Assert.Equal("row 2 of the rows read has the token id 47, but the model's ids are 0 to 46; use the tokenizer files, " +
            "or the tokenized_path, that belong to the model", message);
    }

    [Fact]
    public void Rows_without_a_token_to_learn_are_refused()
    {
        var file = _folder.Write("nothing.jsonl", """{"input_ids": [1, 2], "labels": [1, -100]}""");

        Assert.Contains("none of the 1 rows has a token to learn",
            Assert.Throws<UserErrorException>(() => Run($"tokenized_path={file}", "val_size=0", "do_eval=false")).Message);
    }

    [Fact]
    public void Without_training_the_validation_rows_are_looked_at()
    {
        var result = Run("do_train=false", "compute_accuracy=true");

        Assert.Equal(["eval_results.json"], Directory.GetFiles(_folder["out"]).Select(Path.GetFileName));
        Assert.Equal(result.Evaluation!.Loss, (double)JsonNode.Parse(File.ReadAllText(_folder["out/eval_results.json"]))!["eval_loss"]!);
    }

    [Fact]
    public void A_model_that_is_not_local_is_named() =>
        Assert.Contains("there is no folder Qwen/Qwen2.5-7B-Instruct",
            Assert.Throws<UserErrorException>(() => Run("model_name_or_path=Qwen/Qwen2.5-7B-Instruct")).Message);
}
