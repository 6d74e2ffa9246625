using System.Diagnostics;
using System.Globalization;
using FinIntent.Data.Tokens;
using FinIntent.Jobs;
using FinIntent.Jobs.Plans;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;
using FinIntent.Training.Memory;
using static TorchSharp.torch;

namespace FinIntent.Bench;

/// <summary>Compares a plan with a few updates that this machine makes with random weights of the model's shape.</summary>
/// <param name="length">The tokens of the longest row; the others are up to a fifth shorter.</param>
/// <param name="steps">The number of updates.</param>
sealed class PlanMeasurement(SettingsFile settings, int length, int steps, Surroundings here)
{
    // An answer has two labels: a letter and its end.
    const int Labels = 2;

    readonly Device _device = here.Device.Value;

    public void Run()
    {
        var rowsPerUpdate = settings.Train.PerDeviceTrainBatchSize * settings.Train.GradientAccumulationSteps;
        var input = new TrainingSet(new MemoryRows(RowsOf(rowsPerUpdate * steps)));
        using var planner = PlanJob.Open(settings, gpu: null, here, new(RowLengths.Of(input), null));
        var plan = planner.Plan();
        var context = Used();

        using var trained = TrainedModel.Random(planner.Source, planner.Config, _device);
        DeviceMemory.Trim(_device);
        var weights = Used() - context;
        var seconds = Train(trained, input, plan.Forward.Plan);
        var peak = Peak();

        var rows = $"{rowsPerUpdate} x {(length > 4 ? $"{length * 4 / 5}-" : "")}{length}";
        var forward = $"{plan.Forward.Plan.MaxTokens,6} {(plan.Forward.Plan.Recomputes ? "recomputed" : "kept"),-10}";
        var memory = $"context {Pair(plan.Target.Context, context)}  weights {Pair(plan.Model.Weights + plan.Model.Trained, weights)}  " +
            $"peak {Pair(plan.Peak, peak)} GB";
        here.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{plan.Base,-9} {rows,-14} {forward} {memory}  {(plan.Peak - peak) / (double)peak:+0.0%;-0.0%}  {seconds:f2} s an update"));
    }

    /// <summary>Predicted and measured gigabytes.</summary>
    static string Pair(long predicted, long measured) =>
        string.Create(CultureInfo.InvariantCulture, $"{predicted / 1e9:f2}/{measured / 1e9:f2}");

    double Train(TrainedModel trained, TrainingSet input, ForwardPlan plan)
    {
        var options = new TrainingOptions
        {
            Train = settings.Train with { MaxSteps = steps, DisableShuffling = true },
            Memory = new() { First = plan, Tell = here.Tell },
        };
        var ends = new Ends();
        new Trainer(trained.Model, trained.Trainable, options, input, null, ends).Run();
        return Stopwatch.GetElapsedTime(ends.Times[^2], ends.Times[^1]).TotalSeconds;
    }

    /// <summary>Makes rows of random tokens; in pre-training every token is a label.</summary>
    TokenRow[] RowsOf(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(i => Row(random, i == 0 ? length : random.Next(length * 4 / 5, length + 1)))];
    }

    TokenRow Row(Random random, int tokens)
    {
        const int ids = 1000;
        var row = Enumerable.Range(0, tokens).Select(_ => random.Next(ids)).ToArray();
        return settings.Method.Stage == Stage.Pt
            ? new(row, row)
            : new(row, [.. Enumerable.Repeat(TokenRow.IgnoredLabel, tokens - Labels), .. row[^Labels..]]);
    }

    /// <summary>The bytes of the device's memory that all programs use; on a CPU those that this process uses.</summary>
    long Used() => DeviceMemory.Of(_device) is var (free, total) ? total - free : Environment.WorkingSet;

    /// <summary>The most bytes used so far: torch's allocator gives nothing back while there is enough.</summary>
    long Peak() => DeviceMemory.Of(_device) is var (free, total) ? total - free : new PeakMemory(_device).Bytes;

    sealed class Ends : IProgress<StepReport>
    {
        public List<long> Times { get; } = [];

        public void Report(StepReport report) => Times.Add(Stopwatch.GetTimestamp());
    }
}
