using FinIntent.Data.Tokens;
using FinIntent.Models;
using FinIntent.Text;
using static TorchSharp.torch.nn;

namespace FinIntent.Training;

/// <summary>Takes rows through a model in as few forwards as a token budget allows.</summary>
static class MicroBatches
{
    /// <summary>Cuts <paramref name="rows"/> into stretches of at most <paramref name="maxTokens"/> tokens, or of a single row.</summary>
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

    /// <summary>Returns the sum of the label tokens' cross-entropies, in fp32 whatever the model computes in.</summary>
    public static Tensor LossSum(Tensor logits, TokenBatch batch)
    {
        using var scope = NewDisposeScope();
        return functional.cross_entropy(logits.to(ScalarType.Float32), batch.Labels!, reduction: Reduction.Sum).MoveToOuterDisposeScope();
    }

    /// <summary>Returns how many tokens a row is trained on; its first has no prediction.</summary>
    public static int LabelCount(TokenRow row) => row.Labels.AsSpan(1).Length - row.Labels.AsSpan(1).Count(TokenBatch.IgnoredLabel);
}
