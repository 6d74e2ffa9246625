using FinIntent.Data;
using FinIntent.Models;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace FinIntent.Training;

/// <summary>Rows through a model in as few forwards as a token budget allows.</summary>
static class MicroBatches
{
    /// <summary>Stretches of <paramref name="rows"/>, each at most <paramref name="maxTokens"/> long or a single row.</summary>
    public static IEnumerable<ArraySegment<TokenRow>> Cut(TokenRow[] rows, int maxTokens)
    {
        for (int start = 0, end; start < rows.Length; start = end)
        {
            var tokens = 0;
            for (end = start; end < rows.Length && (end == start || tokens + rows[end].InputIds.Length <= maxTokens); end++)
                tokens += rows[end].InputIds.Length;
            yield return new(rows, start, end - start);
        }
    }

    public static TokenBatch BatchOf(IReadOnlyList<TokenRow> rows, Device device) =>
        TokenBatch.ForTraining([.. rows.Select(row => row.InputIds)], [.. rows.Select(row => row.Labels)], device);

    /// <summary>Sum of the label tokens' cross-entropies, in fp32 whatever the model computes in.</summary>
    public static Tensor LossSum(Tensor logits, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return functional.cross_entropy(logits.to(ScalarType.Float32), batch.Labels!, reduction: Reduction.Sum).MoveToOuterDisposeScope();
    }

    /// <summary>Tokens a row is trained on; its first has no prediction.</summary>
    public static int LabelCount(TokenRow row) => row.Labels.AsSpan(1).Length - row.Labels.AsSpan(1).Count(TokenBatch.IgnoredLabel);

    /// <summary>A budget whose activations fill about half of the free memory.</summary>
    public static int DefaultBudget(CausalLanguageModel model)
    {
        const int most = 8192, least = 256;
        if (model.Placement.Device.type != DeviceType.CPU) return most;
        // Some 60 values of the hidden size are kept for each token and layer (a gated MLP is 2.7 to 5.3 hidden sizes wide, three times),
        // and the head's logits in fp32 with their gradient where a label is.
        var elementBytes = model.ComputeType == ScalarType.Float32 ? 4 : 2;
        var bytesPerToken = (double)elementBytes * 60 * model.Shape.Layers * model.Shape.HiddenSize + 4 * model.Shape.VocabularySize;
        var memory = GC.GetGCMemoryInfo();
        var free = memory.TotalAvailableMemoryBytes - (double)memory.MemoryLoadBytes;
        return (int)Math.Clamp(free / 2 / bytesPerToken, least, most);
    }
}
