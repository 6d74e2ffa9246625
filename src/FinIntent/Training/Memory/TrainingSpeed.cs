using FinIntent.Models;
using FinIntent.Models.Packed;
using FinIntent.Runtime;

namespace FinIntent.Training.Memory;

/// <summary>Estimates how long forwards take: so much for each token, and for each forward, which reads weights and launches.</summary>
/// <remarks>Its numbers are those of Qwen2.5-7B with LoRA on an H100 (docs/log.md: updates of 1,000, 2,000, 4,000 and 8,000 tokens took
/// 63, 110, 198 and 387 ms; 155 for 2,000 with layers computed again; 411, 405 and 285 for 8,000 on a base in int8, nf4 and fp8);
/// other GPUs go by their makers' rates.</remarks>
/// <param name="PerToken">Seconds for each token, forward and back.</param>
/// <param name="PerForward">Seconds for each forward with its backward.</param>
sealed record TrainingSpeed(double PerToken, double PerForward)
{
    // This is the share of the maker's 989 TFLOP/s, at 4 operations for each weight and token.
    const double Share = 0.57;

    // This is the time of a layer's launches, beside the reading of its weights.
    const double LaunchSeconds = 0.32e-3;

    // Products in float8 are twice as fast, and a good half of the time is products.
    const double Fp8Share = 0.73;

    // The count of operations alone would give half as much again.
    const double RecomputeFactor = 1.41;

    // Autograd runs one operator after another, most of them bound by memory.
    const double GraphFactor = 1.4;

    // These are measured against the machine's own product (docs/log.md).
    const double CpuShare = 0.58, CpuBandwidth = 20e9;

    // This serves where only the ratio of its parts matters.
    const double TypicalCpuTflops = 0.5;

    /// <summary>Estimates for the device the model is on; an unknown GPU counts as an H100.</summary>
    public static TrainingSpeed Of(CausalLanguageModel model, Trainable trainable) => model.Placement.Device.type == DeviceType.CPU
        ? OnCpu(model, trainable, TypicalCpuTflops)
        : Of(model, trainable, GpuModel.Of(model.Placement.Device));

    public static TrainingSpeed Of(CausalLanguageModel model, Trainable trainable, GpuModel gpu)
    {
        var (weights, flops) = Work(model, trainable);
        var isShort = ActivationMemory.ElementBytes(model.ComputeType) == 2;
        // Outside 16 bits there are no tensor cores, which leaves about an eighth.
        var rate = gpu.Tflops * 1e12 * Share / (isShort ? 1 : 8) / (trainable.IsBaseFrozen ? 1 : GraphFactor);
        var perToken = flops / rate * (model.Format == WeightFormat.Fp8 ? Fp8Share : 1);
        return new(perToken, (model.Layers.Count * LaunchSeconds) + (2 * weights * BytesMoved(model) / (gpu.GigabytesPerSecond * 1e9)));
    }

    /// <param name="tflops">The speed of a product in the compute type, in 10¹² operations a second.</param>
    public static TrainingSpeed OnCpu(CausalLanguageModel model, Trainable trainable, double tflops)
    {
        var (weights, flops) = Work(model, trainable);
        return new(flops / (tflops * 1e12 * CpuShare), 2 * weights * BytesMoved(model) / CpuBandwidth);
    }

    static (double Weights, double FlopsPerToken) Work(CausalLanguageModel model, Trainable trainable)
    {
        double weights = model.Layers.SelectMany(layer => layer.Groups).Sum(g => (long)g.Outputs * g.Members[0].Inputs);
        return (weights, weights * (trainable.IsBaseFrozen ? 4 : 6));
    }

    /// <summary>Returns the bytes moved for each weight of a product; packed ones are read, written out and read again.</summary>
    static double BytesMoved(CausalLanguageModel model)
    {
        var bytes = ActivationMemory.ElementBytes(model.ComputeType);
        if (model.Format is not { } format) return bytes;
        return format == WeightFormat.Fp8 ? 1 : (2 * ((format == WeightFormat.Int8 ? 1 : 0.5) + bytes)) + bytes;
    }

    /// <summary>Returns the seconds of an update of so many tokens. A forward is seldom full: half a row stays out.</summary>
    public double Seconds(double tokens, ForwardPlan plan, double rowLength)
    {
        var forwards = Math.Ceiling(tokens / Math.Max(plan.MaxTokens - (rowLength / 2), rowLength));
        return ((tokens * PerToken) + (forwards * PerForward)) * (plan.Recomputes ? RecomputeFactor : 1);
    }
}
