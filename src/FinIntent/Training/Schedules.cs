using FinIntent.Settings;

namespace FinIntent.Training;

/// <summary>Gives the share of the learning rate that update k (from 0) uses; with warm-up the first update's is 0.</summary>
/// <remarks>As in transformers src/transformers/optimization.py.</remarks>
static class Schedules
{
    static readonly Dictionary<SchedulerType, string[]> Arguments = new()
    {
        [SchedulerType.Cosine] = ["num_cycles"],
        [SchedulerType.CosineWithRestarts] = ["num_cycles"],
        [SchedulerType.Polynomial] = ["lr_end", "power"],
        [SchedulerType.InverseSqrt] = ["timescale"],
    };

    /// <exception cref="UserErrorException">lr_scheduler_kwargs names something that the schedule does not have.</exception>
    public static Func<int, double> Create(TrainSettings train, int totalSteps, int warmupSteps)
    {
        var known = Arguments.GetValueOrDefault(train.LrSchedulerType, []);
        if (train.LrSchedulerKwargs.Keys.Except(known).FirstOrDefault() is { } unknown)
            throw new UserErrorException($"lr_scheduler_kwargs: {train.LrSchedulerType} has no \"{unknown}\"" +
                (known.Length == 0 ? "; it takes none" : $"; it takes {string.Join(", ", known)}"));

        return train.LrSchedulerType switch
        {
            SchedulerType.Linear => k => Linear(k, warmupSteps, totalSteps),
            SchedulerType.Cosine => k => Cosine(k, warmupSteps, totalSteps, Argument("num_cycles", 0.5)),
            SchedulerType.CosineWithRestarts => k => CosineWithRestarts(k, warmupSteps, totalSteps, Argument("num_cycles", 1)),
            SchedulerType.Polynomial => k =>
                Polynomial(k, warmupSteps, totalSteps, Argument("power", 1), Argument("lr_end", 1e-7) / train.LearningRate),
            SchedulerType.InverseSqrt => k => InverseSqrt(k, warmupSteps, Argument("timescale", warmupSteps == 0 ? 10_000 : warmupSteps)),
            SchedulerType.ConstantWithWarmup => k => Warmup(k, warmupSteps) ?? 1,
            _ => _ => 1,
        };

        double Argument(string name, double fallback) => train.LrSchedulerKwargs.TryGetValue(name, out var value) ? value : fallback;
    }

    public static double Linear(int k, int warmup, int total) =>
        Warmup(k, warmup) ?? Math.Max(0, (double)(total - k) / Math.Max(1, total - warmup));

    /// <param name="cycles">The number of whole waves: 0.5 falls once from 1 to 0.</param>
    public static double Cosine(int k, int warmup, int total, double cycles = 0.5) =>
        Warmup(k, warmup) ?? Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * Progress(k, warmup, total))));

    public static double CosineWithRestarts(int k, int warmup, int total, double cycles = 1)
    {
        if (Warmup(k, warmup) is { } rising) return rising;
        var progress = Progress(k, warmup, total);
        return progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (cycles * progress % 1))));
    }

    /// <param name="end">The share of the learning rate at which it ends.</param>
    public static double Polynomial(int k, int warmup, int total, double power, double end)
    {
        if (Warmup(k, warmup) is { } rising) return rising;
        return k > total ? end : (1 - end) * Math.Pow(1 - Progress(k, warmup, total), power) + end;
    }

    public static double InverseSqrt(int k, int warmup, double timescale) =>
        Warmup(k, warmup) ?? 1 / Math.Sqrt((k + timescale - warmup) / timescale);

    static double? Warmup(int k, int warmup) => k < warmup ? (double)k / Math.Max(1, warmup) : null;

    static double Progress(int k, int warmup, int total) => (double)(k - warmup) / Math.Max(1, total - warmup);
}
