using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using Xunit;

namespace FinIntent.Tests.Training;

/// <summary>A request to stop that comes during any forward of a run: of an update, and of the evaluations around it.</summary>
[Collection(TorchRandomCollection.Name)]
public sealed class StoppedTrainingTests : IDisposable
{
    // Updates are cut into several forwards.
    const int TokensAtOnce = 30, Updates = 4;

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>Trains with dropout; asks to stop during forward number <paramref name="stopAt"/>.</summary>
    (TrainingResult Result, int Forwards) Run(string name, int stopAt = int.MaxValue)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, 0.1, false, ["all"]), seed: 5);
        using var stop = new CancellationTokenSource();
        var forwards = 0;
        var options = fixture.TrainingOptions();
        options = options with
        {
            Output = new() { OutputDir = _folder[name], LoggingSteps = 1, SaveSteps = 2 },
            Train = options.Train with { MaxSteps = Updates, MaxTokensPerForward = TokensAtOnce },
            Evaluation = new() { EvalStrategy = EvaluationStrategy.Steps, EvalSteps = 2, EvalOnStart = true },
            Memory = new()
            {
                First = new(TokensAtOnce),
                Before = _ =>
                {
                    if (++forwards == stopAt) stop.Cancel();
                },
            },
        };
        var trainable = new Trainable(adapters.Parameters, target => adapters.Save(target, "base")) { SetTraining = adapters.SetTraining };
        var trainer = new Trainer(
            model, trainable, options, new(fixture.Rows(), fixture.Rows()), new(options.Output, new() { ["seed"] = 42 }, _ => { }));
        return (trainer.Run(stop.Token), forwards);
    }

    string[] Log(string name) => [.. File.ReadLines(Path.Combine(_folder[name], "trainer_log.jsonl"))
        .Select(line => line[..line.IndexOf("\"elapsed_time\"", StringComparison.Ordinal)])];

    [Fact]
    public void A_run_stops_after_the_forward_under_way_and_goes_on_to_the_same_bits()
    {
        var (_, all) = Run("whole");
        Assert.True(all > 5 * Updates, $"{all} forwards: the updates were not cut");

        foreach (var stopAt in Enumerable.Range(0, 6).Select(i => 1 + (i * (all - 2) / 5)))
        {
            var name = $"stopped-{stopAt}";
            var (result, forwards) = Run(name, stopAt);
            Assert.Equal((false, stopAt), (result.IsFinished, forwards));
            Assert.True(Directory.Exists(result.Checkpoint));

            Assert.True(Run(name).Result.IsFinished);

            Assert.Equal(Log("whole"), Log(name));
            foreach (var file in (string[])["adapter_model.safetensors", "checkpoint-2/optimizer.safetensors",
                "checkpoint-4/optimizer.safetensors"])
                Assert.Equal(File.ReadAllBytes(_folder[$"whole/{file}"]), File.ReadAllBytes(_folder[$"{name}/{file}"]));
        }
    }
}
