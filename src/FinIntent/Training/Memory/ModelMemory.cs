using FinIntent.Kernels;
using FinIntent.Models;
using FinIntent.Models.Layers;
using FinIntent.Models.Packed;

namespace FinIntent.Training.Memory;

/// <summary>Counts the bytes that a run holds from its first update to its last.</summary>
/// <param name="Weights">The bytes of all the model's weights, in the form they are kept in.</param>
/// <param name="Trained">The bytes of adapters; 0 when the weights themselves are trained.</param>
/// <param name="Optimizer">The bytes of gradients, and of two moments in fp32.</param>
/// <param name="Update">The bytes that an update holds for a moment, when there are no activations.</param>
sealed record ModelMemory(long Weights, long Trained, long Optimizer, long Update)
{
    public long Total => Weights + Trained + Optimizer;

    public static ModelMemory Of(CausalLanguageModel model, Trainable trainable)
    {
        long trained = 0, optimizer = 0, block = 0;
        foreach (var (_, parameter) in trainable.Parameters)
        {
            var (count, size) = (parameter.numel(), parameter.element_size());
            trained += count * size;
            optimizer += count * (size + (2 * sizeof(float)));
            block += count;
        }
        // AdamW holds the root of the variance, and for 16-bit weights gradients and values in fp32.
        var isShort = trainable.Parameters.Any(p => p.Value.element_size() < sizeof(float));
        var update = Math.Min(block, AdamW.DeviceBlockElements) * sizeof(float) * (isShort ? 3 : 1);
        return new(WeightsOf(model), trainable.IsBaseFrozen ? trained : 0, optimizer, update);
    }

    static long WeightsOf(CausalLanguageModel model)
    {
        var all = model.named_parameters().Sum(p => p.parameter.numel() * p.parameter.element_size());
        if (model.Format is not { } format) return all;
        return all + model.Layers.SelectMany(layer => layer.Groups)
            .Sum(group => (group.Packed?.Bytes ?? Packed(format, group))
                - group.Members.Sum(m => m.Kernel.numel() * m.Kernel.element_size()));
    }

    /// <summary>Counts weights as Models/Packed will hold them for gradients; numbers kept exactly are too few to count.</summary>
    static long Packed(WeightFormat format, LinearGroup group)
    {
        long outputs = group.Outputs, inputs = group.Members[0].Inputs, numbers = outputs * inputs;
        if (format == WeightFormat.Int8) return numbers + (sizeof(float) * outputs);
        if (format == WeightFormat.Fp8) return 2 * numbers + (sizeof(float) * (outputs + inputs));
        var blocks = numbers / Dequantize.Block;
        var scales = format == WeightFormat.Nf4 ? blocks + (sizeof(float) * blocks / Dequantize.ScaleBlock) : sizeof(float) * blocks;
        return (numbers / 2) + scales;
    }
}
