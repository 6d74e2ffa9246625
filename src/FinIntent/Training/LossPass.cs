using System.Diagnostics;
using FinIntent.Data;
using FinIntent.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace FinIntent.Training;

/// <summary>Rows through a model: for gradients, or to see how well it predicts them.</summary>
sealed class LossPass(CausalLanguageModel model, Trainable trainable)
{
    /// <summary>Adds the gradients of the rows' mean loss over label tokens; returns that loss.</summary>
    /// <param name="seed">Of dropout, which draws from torch's generator.</param>
    public double Backward(TokenRow[] rows, int maxTokens, ulong seed)
    {
        manual_seed((long)seed).Dispose();
        trainable.SetTraining(true);
        using var scope = NewDisposeScope();
        double labels = Math.Max(1, rows.Sum(MicroBatches.LabelCount));
        var total = zeros(1, dtype: ScalarType.Float64, device: model.Placement.Device);
        foreach (var part in MicroBatches.Cut(rows, maxTokens))
        {
            using var inner = NewDisposeScope();
            using var batch = MicroBatches.BatchOf(part, model.Placement.Device);
            if (batch.LabelCount == 0) continue;
            total.add_(trainable.IsBaseFrozen ? model.BackwardAdapters(batch, 1 / labels) : Backward(batch, 1 / labels));
        }
        return total.item<double>();
    }

    Tensor Backward(TokenBatch batch, double weight)
    {
        var loss = MicroBatches.LossSum(model.forward(batch), batch) * weight;
        loss.backward();
        return loss.detach();
    }

    public EvaluationResult Evaluate(IRowSource rows, int maxTokens, bool withAccuracy = false)
    {
        var clock = Stopwatch.StartNew();
        trainable.SetTraining(false);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var totals = zeros(2, dtype: ScalarType.Float64, device: model.Placement.Device);
        var labels = 0L;
        foreach (var indices in Enumerable.Range(0, rows.Count).Chunk(1024))
        {
            foreach (var part in MicroBatches.Cut([.. indices.Select(rows.Read)], maxTokens))
            {
                using var inner = NewDisposeScope();
                using var batch = MicroBatches.BatchOf(part, model.Placement.Device);
                if (batch.LabelCount == 0) continue;
                labels += batch.LabelCount;
                var logits = model.forward(batch);
                totals[0].add_(MicroBatches.LossSum(logits, batch));
                if (withAccuracy) totals[1].add_(logits.argmax(-1).eq(batch.Labels!).sum());
            }
        }
        var sums = totals.cpu().data<double>().ToArray();
        return new(sums[0] / Math.Max(1, labels), withAccuracy ? sums[1] / Math.Max(1, labels) : null, rows.Count, clock.Elapsed);
    }

    /// <summary>The first row whose own loss is not a number; -1: none.</summary>
    public int FirstNotFinite(TokenRow[] rows) =>
        Array.FindIndex(rows, row => !double.IsFinite(Evaluate(new MemoryRows([row]), int.MaxValue).Loss));
}
