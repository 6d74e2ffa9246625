using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Settings;
using FinIntent.Tests.Contracts;
using FinIntent.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace FinIntent.Tests.Training;

[Collection(TorchRandomCollection.Name)]
public sealed class TrainerTests
{
    static ReportList Run(
        TrainingOptions options, MemoryRows rows, double dropout = 0, IRowSource? validation = null, bool isBaseFrozen = false)
    {
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, dropout, false, ["all"]), seed: 5);
        var reports = new ReportList();
        var trainable = new Trainable(adapters.Parameters, target => adapters.Save(target, "base"))
        {
            SetTraining = adapters.SetTraining,
            IsBaseFrozen = isBaseFrozen
        };
        new Trainer(model, trainable, options, new(rows, validation), null, reports).Run(TestContext.Current.CancellationToken);
        return reports;
    }

    static (TrainingOptions Options, MemoryRows Rows) Fixture()
    {
        using var fixture = ParityFixture.Open("qwen2");
        return (fixture.TrainingOptions(), fixture.Rows());
    }

    static TrainingOptions With(TrainingOptions options, Func<TrainSettings, TrainSettings> change) =>
        options with { Train = change(options.Train) };

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void The_result_does_not_depend_on_how_an_updates_rows_are_cut(bool isBaseFrozen, bool recomputes)
    {
        var (options, rows) = Fixture();

        var whole = Run(options with { Memory = new() { First = new(100_000) } }, rows);
        foreach (var budget in (int[])[1, 40, 64])
        {
            var cut = Run(options with { Memory = new() { First = new(budget, recomputes) } }, rows, isBaseFrozen: isBaseFrozen);
            Assert.All(whole.Zip(cut), pair => Assert.Equal(pair.First.Loss!.Value, pair.Second.Loss!.Value,
                1e-6 * pair.First.Loss!.Value));
            Assert.All(whole.Zip(cut), pair => Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm,
                1e-5 * pair.First.GradientNorm));
        }
    }

    [Fact]
    public void Batch_and_accumulation_give_one_update_whatever_their_split()
    {
        var (options, rows) = Fixture();

        var a = Run(With(options, t => t with { PerDeviceTrainBatchSize = 1, GradientAccumulationSteps = 4 }), rows);
        var b = Run(With(options, t => t with { PerDeviceTrainBatchSize = 4, GradientAccumulationSteps = 1 }), rows);

        Assert.Equal(a.Select(r => r.Loss), b.Select(r => r.Loss));
    }

    [Fact]
    public void Training_on_a_few_rows_drives_the_loss_down()
    {
        var (options, rows) = Fixture();
        var few = new MemoryRows([.. Enumerable.Range(0, 4).Select(rows.Read)]);

        var reports = Run(With(options, t => t with { MaxSteps = 60, LearningRate = 0.02, DisableShuffling = false }), few, dropout: 0.05);

        Assert.InRange(reports[^1].Loss!.Value, 0, 0.2 * reports[0].Loss!.Value);
    }

    [Fact]
    public void A_loss_that_is_not_a_number_names_step_row_and_checkpoint()
    {
        var (options, rows) = Fixture();

        var error = Assert.Throws<UserErrorException>(() =>
            Run(With(options, t => t with { LearningRate = 1e30, MaxGradNorm = 0, WarmupSteps = 0 }), rows));

        Assert.Matches(@"^the (loss|gradient) of step 2 is not finite, at .*row.*; last good checkpoint: none\.", error.Message);
    }

    [Fact]
    public void A_validation_loss_that_is_not_a_number_stops_the_run_too()
    {
        var (options, rows) = Fixture();
        options = With(options, t => t with { LearningRate = 1e30, MaxGradNorm = 0, WarmupSteps = 0 }) with
        {
            Evaluation = new() { EvalStrategy = EvaluationStrategy.Steps, EvalSteps = 1 },
        };

        var error = Assert.Throws<UserErrorException>(() => Run(options, rows, validation: rows));

        Assert.StartsWith("the validation loss after step 1 is not finite, at row 1 of the validation rows (counted from 1); last good " +
            "checkpoint: none.", error.Message);
    }

    [Fact]
    public void Evaluation_weighs_label_tokens_and_early_stopping_counts_evaluations()
    {
        var (options, rows) = Fixture();
        options = With(options, t => t with { LearningRate = 0, MaxSteps = 50 }) with
        {
            Evaluation = new() { EvalStrategy = EvaluationStrategy.Steps, EvalSteps = 2, EarlyStoppingSteps = 3, ComputeAccuracy = true },
        };

        var reports = Run(options, rows, validation: rows);

        // The first evaluation is the best; three more without a gain end the run after step 8.
        var evaluations = reports.Where(r => r.Evaluation is not null).ToList();
        Assert.Equal([2, 4, 6, 8], evaluations.Select(r => r.Step));
        Assert.Single(evaluations.Select(r => r.Evaluation!.Loss).Distinct());
        Assert.InRange(evaluations[0].Evaluation!.Accuracy!.Value, 0, 0.2);
    }

    [Fact]
    public void Tensors_do_not_pile_up_over_steps()
    {
        var (options, rows) = Fixture();
        using var fixture = ParityFixture.Open("qwen2");
        using var model = fixture.Model();
        using var adapters = LoraAdapters.Attach(model, new(4, 8, 0.1, false, ["all"]), seed: 5);
        var live = new List<long>();
        var watch = new Watch(() => live.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        options = options with { Evaluation = new() { EvalStrategy = EvaluationStrategy.Steps, EvalSteps = 1 } };

        new Trainer(model, new(adapters.Parameters, _ => { }) { SetTraining = adapters.SetTraining }, options,
            new(rows, rows), null, watch).Run(TestContext.Current.CancellationToken);

        Assert.Equal(16, live.Count);
        Assert.All(live[2..], count => Assert.Equal(live[2], count));
    }

    sealed class Watch(Action look) : IProgress<StepReport>
    {
        public void Report(StepReport report) => look();
    }
}
