using FinIntent.Data.Tokens;
using FinIntent.Models;
using FinIntent.Runtime;
using FinIntent.Text;

namespace FinIntent.Training;

/// <summary>Takes rows through a model: for gradients, or to see how well it predicts them.</summary>
/// <param name="before">Is called with each batch before it goes through the model.</param>
sealed class LossPass(CausalLanguageModel model, Trainable trainable, Action<TokenBatch>? before = null)
{
    /// <summary>Adds the gradients of the rows' mean loss over label tokens; returns that loss.</summary>
    /// <param name="seed">The seed of dropout, which draws from torch's generator.</param>
    /// <param name="scale">A factor of the gradients, but not of the loss that is returned.</param>
    /// <param name="stop">It ends the pass between two forwards; gradients are worth nothing then.</param>
    public double Backward(TokenRow[] rows, ForwardPlan plan, ulong seed, double scale = 1, CancellationToken stop = default)
    {
        manual_seed((long)seed).Dispose();
        trainable.SetTraining(true);
        using var scope = NewDisposeScope();
        double labels = Math.Max(1, rows.Sum(MicroBatches.LabelCount));
        var total = zeros(1, dtype: ScalarType.Float64, device: model.Placement.Device);
        foreach (var part in MicroBatches.Cut(rows, plan.MaxTokens))
        {
            using var inner = NewDisposeScope();
            using var batch = MicroBatches.BatchOf(part, model.Placement.Device);
            if (batch.LabelCount == 0) continue;
            stop.ThrowIfCancellationRequested();
            before?.Invoke(batch);
            total.add_(trainable.IsBaseFrozen
                ? model.BackwardAdapters(batch, scale / labels, plan.Recomputes, RowOrder.Mix(seed, (ulong)part.Offset))
                : Backward(batch, scale / labels));
        }
        return total.item<double>() / scale;
    }

    Tensor Backward(TokenBatch batch, double weight)
    {
        var loss = MicroBatches.LossSum(model.forward(batch), batch) * weight;
        loss.backward();
        return loss.detach();
    }

    /// <param name="stop">It ends the pass between two forwards.</param>
    public EvaluationResult Evaluate(IRowSource rows, int maxTokens, bool withAccuracy = false, CancellationToken stop = default)
    {
        var clock = Stopwatch.StartNew();
        trainable.SetTraining(false);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var totals = zeros(2, dtype: ScalarType.Float64, device: model.Placement.Device);
        var labels = 0L;
        foreach (var indices in Enumerable.Range(0, rows.Count).Chunk(1024))
            labels += Add([.. indices.Select(rows.Read)], totals, new(maxTokens, withAccuracy, stop));
        var sums = totals.cpu().data<double>().ToArray();
        return new(sums[0] / Math.Max(1, labels), withAccuracy ? sums[1] / Math.Max(1, labels) : null, rows.Count, clock.Elapsed);
    }

    readonly record struct Scoring(int MaxTokens, bool WithAccuracy, CancellationToken Stop);

    /// <summary>Adds the rows' sums and returns how many labels they have; rows that do not fit go in smaller forwards.</summary>
    int Add(TokenRow[] rows, Tensor totals, Scoring how)
    {
        var labels = 0;
        foreach (var part in MicroBatches.Cut(rows, how.MaxTokens))
        {
            using var inner = NewDisposeScope();
            using var batch = MicroBatches.BatchOf(part, model.Placement.Device);
            if (batch.LabelCount == 0) continue;
            how.Stop.ThrowIfCancellationRequested();
            try
            {
                before?.Invoke(batch);
                totals.add_(model.Score(batch, how.WithAccuracy));
                labels += batch.LabelCount;
            }
            catch (Exception e) when (part.Count > 1 && DeviceMemory.IsExhausted(e))
            {
                DeviceMemory.Trim(model.Placement.Device);
                labels += Add([.. part], totals, how with { MaxTokens = batch.TokenCount / 2 });
            }
        }
        return labels;
    }

    /// <summary>Returns the first row whose own loss is not finite; -1 when there is none.</summary>
    public int FirstNotFinite(TokenRow[] rows) =>
        Array.FindIndex(rows, row => !double.IsFinite(Evaluate(new MemoryRows([row]), int.MaxValue).Loss));
}
