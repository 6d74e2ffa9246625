using FinIntent.Data.Tokens;
using FinIntent.Lora;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Settings;
using FinIntent.Text;
using FinIntent.Training;

namespace FinIntent.Jobs.Bench;

/// <param name="Rows">The rows of one update.</param>
/// <param name="Steps">The updates that are measured.</param>
/// <param name="Recomputes">Whether layers are computed again for their backward (gradient checkpointing).</param>
sealed record TrainBenchOptions(int Rows, int Steps, bool Recomputes, string? RowsFile);

/// <summary>How fast LoRA trains, with the trainer that `finintent train` uses.</summary>
sealed class TrainBench(BenchModel shape, TrainBenchOptions options)
{
    // A forward's tokens are fixed, so that machines are compared on the same work.
    const int MostTokens = 8192;

    readonly int _warmUp = Timing.WarmUp(shape.Device);

    /// <summary>The time from the program's start to the end of the first update, without the making of the weights.</summary>
    public TimeSpan FirstUpdate { get; private set; }

    public BenchLine Run()
    {
        var memory = new PeakMemory(shape.Device);
        var clock = Stopwatch.StartNew();
        using var model = shape.Create(isTrained: true);
        Devices.Synchronize(shape.Device);
        var weights = clock.Elapsed;

        var rows = BenchRows.Create(options.Rows * (options.Steps + _warmUp), model.Shape.UsableVocabulary, 0, options.RowsFile);
        using var adapters = BenchModel.Attach(model);
        var trainable = new Trainable(adapters.Parameters, _ => { }) { IsBaseFrozen = true };
        var settings = new TrainSettings
        {
            PerDeviceTrainBatchSize = options.Rows,
            MaxSteps = options.Steps + _warmUp,
            LearningRate = 1e-4,
            DisableShuffling = true,
        };
        var plan = new ForwardPlan(MostTokens, options.Recomputes);
        var updates = new Updates();
        new Trainer(model, trainable, new() { Train = settings, Memory = new() { First = plan } }, new(new MemoryRows(rows)), null, updates)
            .Run();

        using var process = Process.GetCurrentProcess();
        FirstUpdate = updates.First - process.StartTime - weights;
        var measured = updates.Measured(_warmUp).ToList();
        var name = $"LoRA, {options.Rows} {(options.Rows == 1 ? "row" : "rows")} an update{(options.Recomputes ? ", checkpointing" : "")}";
        return new("train", name, Timing.Median(measured.Select(m => m.Tokens / m.Seconds)), Timing.Median(measured.Select(m => m.Seconds)),
            HostSeconds(model, rows, plan), 4, memory.Bytes);
    }

    /// <summary>Until forward and backward of an update are queued: the trainer itself waits for its loss.</summary>
    double? HostSeconds(CausalLanguageModel model, TokenRow[] rows, ForwardPlan plan)
    {
        if (shape.Device.type != DeviceType.CUDA) return null;
        return Timing.Of(shape.Device, options.Steps, () =>
        {
            foreach (var part in MicroBatches.Cut(rows[..options.Rows], plan.MaxTokens))
            {
                using var batch = MicroBatches.BatchOf(part, shape.Device);
                model.BackwardAdapters(batch, 1.0 / (2 * options.Rows), plan.Recomputes).Dispose();
            }
        }).HostSeconds;
    }

    sealed class Updates : IProgress<StepReport>
    {
        readonly List<(int Tokens, long Time)> _ends = [];

        public DateTime First { get; private set; }

        public void Report(StepReport report)
        {
            if (report.Loss is null) return;
            if (_ends.Count == 0) First = DateTime.Now;
            _ends.Add((report.Tokens, Stopwatch.GetTimestamp()));
        }

        /// <summary>An update lasts from the end of the one before it to its own end, so that all its work on the device counts.</summary>
        public IEnumerable<(int Tokens, double Seconds)> Measured(int warmUp) => Enumerable.Range(warmUp, _ends.Count - warmUp)
            .Select(i => (_ends[i].Tokens, Stopwatch.GetElapsedTime(_ends[i - 1].Time, _ends[i].Time).TotalSeconds));
    }
}
