using System.Text.Json;
using System.Text.Json.Nodes;
using FinIntent.Checkpoints;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Training;

[Collection(TorchRandomCollection.Name)]
public sealed class RunFolderTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Trains the qwen2 fixture for six steps with dropout; stops after <paramref name="stopAfter"/>.</summary>
    TrainingResult Run(string name, Func<OutputSettings, OutputSettings>? output = null, int stopAfter = 100,
        EvaluationSettings? evaluation = null, int batch = 2)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, 0.1, false, ["all"]), seed: 5);
        var options = fixture.TrainingOptions();
        var plain = new OutputSettings
        {
            OutputDir = _folder[name],
            LoggingSteps = 1,
            SaveSteps = 2,
            PlotLoss = true,
            ReportTo = [Report.Tensorboard]
        };
        options = options with
        {
            Output = output?.Invoke(plain) ?? plain,
            Train = options.Train with { MaxSteps = 6, DisableShuffling = false, PerDeviceTrainBatchSize = batch },
            Evaluation = evaluation ?? new(),
        };
        var trainable = new Trainable(adapters.Parameters, target => adapters.Save(target, "base")) { SetTraining = adapters.SetTraining };
        using var stop = new CancellationTokenSource();
        return new Trainer(model, trainable, options, new(fixture.Rows(), evaluation is null ? null : fixture.Rows()),
            new(options.Output, new JsonObject { ["seed"] = 42 }, _ => { }), new Stopper(stop, stopAfter)).Run(stop.Token);
    }

    sealed class Stopper(CancellationTokenSource stop, int after) : IProgress<StepReport>
    {
        public void Report(StepReport report)
        {
            if (report.Step >= after) stop.Cancel();
        }
    }

    string[] Names(string name) => [.. Directory.EnumerateFileSystemEntries(_folder[name]).Select(p => Path.GetFileName(p)!)
        .Order(StringComparer.Ordinal)];

    double[] Losses(string name) => [.. File.ReadLines(Path.Combine(_folder[name], "trainer_log.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("loss").GetDouble())];

    byte[] Adapter(string name) => File.ReadAllBytes(Path.Combine(_folder[name], "adapter_model.safetensors"));

    [Fact]
    public void The_folder_is_LLaMA_Factorys()
    {
        Run("a");

        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "all_results.json", "checkpoint-2", "checkpoint-4",
            "checkpoint-6", "run.json",
            "runs", "train_results.json", "trainer_log.jsonl", "trainer_state.json", "training_loss.png"], Names("a"));
        Assert.Equal(["SHA256SUMS", "adapter_config.json", "adapter_model.safetensors", "optimizer.safetensors", "run.json",
            "trainer_state.json"],
            Names("a/checkpoint-6"));
        var line = JsonNode.Parse(File.ReadLines(_folder["a/trainer_log.jsonl"]).Last())!.AsObject();
        Assert.Equal(["current_steps", "total_steps", "loss", "lr", "grad_norm", "epoch", "percentage", "elapsed_time", "remaining_time"],
            line.Select(p => p.Key));
        Assert.Equal((6, 6, 100.0, "0:00:00"), ((int)line["current_steps"]!, (int)line["total_steps"]!, (double)line["percentage"]!,
            (string)line["remaining_time"]!));
        var results = JsonNode.Parse(File.ReadAllText(_folder["a/all_results.json"]))!;
        Assert.Equal(Losses("a").Average(), (double)results["train_loss"]!, 12);
        Assert.Equal(0.75, (double)results["epoch"]!); // 24 of 32 rows
    }

    [Fact]
    public void A_stopped_run_goes_on_to_the_same_bits()
    {
        Run("whole");
        var stopped = Run("parts", stopAfter: 3);
        Assert.False(stopped.IsFinished);
        Assert.Equal(_folder["parts/checkpoint-3"], stopped.Checkpoint);
        Run("parts", stopAfter: 5);
        // A process killed after the checkpoint has logged more, the last line half.
        File.AppendAllText(_folder["parts/trainer_log.jsonl"], "{\"current_steps\":6,\"loss\":1}\n{\"curr");
        Directory.CreateDirectory(_folder[$"parts/.checkpoint-6.{Guid.NewGuid():N}.tmp"]);
        File.WriteAllText(_folder[$"parts/.trainer_state.json.77.{Guid.NewGuid():N}.tmp"], "{");

        var result = Run("parts");

        Assert.True(result.IsFinished);
        Assert.Equal(Losses("whole"), Losses("parts"));
        Assert.Equal(Adapter("whole"), Adapter("parts"));
        Assert.DoesNotContain(Names("parts"), name => name.StartsWith('.'));
    }

    [Fact]
    public void A_run_can_be_taken_up_from_a_named_checkpoint_in_another_folder()
    {
        Run("first");
        Run("second", o => o with { ResumeFromCheckpoint = _folder["first/checkpoint-2"] });

        Assert.Equal(Adapter("first"), Adapter("second"));
        Assert.Equal(Losses("first")[2..], Losses("second"));
    }

    [Fact]
    public void Only_the_newest_checkpoints_and_the_best_are_kept()
    {
        Run("a", o => o with { SaveSteps = 1, SaveTotalLimit = 2 });
        Assert.Equal(["checkpoint-5", "checkpoint-6"], Names("a").Where(n => n.StartsWith("checkpoint")));

        // With a positive metric "greater is better", the first loss, before anything was learnt, is the best.
        var evaluation = new EvaluationSettings
        {
            EvalStrategy = EvaluationStrategy.Steps,
            EvalSteps = 1,
            LoadBestModelAtEnd = true,
            GreaterIsBetter = true
        };
        Run("b", o => o with { SaveSteps = 1, SaveTotalLimit = 2 }, evaluation: evaluation);
        Assert.Equal(["checkpoint-1", "checkpoint-6"], Names("b").Where(n => n.StartsWith("checkpoint")));
        Assert.Equal(File.ReadAllBytes(_folder["b/checkpoint-1/adapter_model.safetensors"]), Adapter("b"));

        // The best is saved where nothing else is.
        Run("c", o => o with { SaveStrategy = SaveStrategy.No }, evaluation: evaluation with { EvalOnStart = true });
        Assert.Equal(["checkpoint-0"], Names("c").Where(n => n.StartsWith("checkpoint")));
        Assert.Equal(File.ReadAllBytes(_folder["c/checkpoint-0/adapter_model.safetensors"]), Adapter("c"));
    }

    [Fact]
    public void An_earlier_run_is_overwritten_only_when_asked_for()
    {
        Run("a", o => o with { SaveStrategy = SaveStrategy.No });

        Assert.Contains("holds a finished run", Assert.Throws<UserErrorException>(() => Run("a")).Message);
        Assert.True(Run("a", o => o with { OverwriteOutputDir = true }).IsFinished);
        Assert.True(Run("a", o => o with { OverwriteOutputDir = true, SaveSteps = 3 }).IsFinished);
        Assert.Equal(["checkpoint-3", "checkpoint-6"], Names("a").Where(n => n.StartsWith("checkpoint")));
        Assert.Equal(6, Losses("a").Length);
    }

    [Fact]
    public void A_checkpoint_of_other_rows_or_without_optimizer_is_refused()
    {
        Run("a");
        Assert.Contains("32 rows, batch 2 x 2, seed 42, shuffled, now there are 32 rows, batch 1 x 2",
            Assert.Throws<UserErrorException>(() => Run("a", batch: 1)).Message);
        Assert.Contains("no optimizer.safetensors",
            Assert.Throws<UserErrorException>(() => Run("b", o => o with { ResumeFromCheckpoint = _folder["nowhere"] })).Message);
        Run("c", o => o with { SaveOnlyModel = true });
        Assert.Contains("save_only_model", Assert.Throws<UserErrorException>(() => Run("c")).Message);
    }

    [Fact]
    public void Events_and_curves_hold_what_was_logged()
    {
        Run("a", stopAfter: 3, evaluation: new() { EvalStrategy = EvaluationStrategy.Steps, EvalSteps = 1 });
        Run("a", evaluation: new() { EvalStrategy = EvaluationStrategy.Steps, EvalSteps = 1 });

        var events = EventFile.Read(Directory.GetFiles(_folder["a/runs"]).Single());
        var logged = File.ReadLines(_folder["a/trainer_log.jsonl"]).Select(line => JsonNode.Parse(line)!.AsObject())
            .Where(l => l.ContainsKey("loss"));
        Assert.Equal(logged.Select(l => ((long)l["current_steps"]!, (float)(double)l["loss"]!)), events.Where(e => e.Tag == "train/loss")
            .Select(e => (e.Step, e.Value)));
        Assert.Equal(6, events.Count(e => e.Tag == "eval/loss"));
        foreach (var plot in (string[])["training_loss.png", "training_eval_loss.png"])
            Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(_folder[$"a/{plot}"])[..4]);
    }
}
