using FinIntent.Models;
using FinIntent.Runtime;
using TorchSharp;

namespace FinIntent.Training.Memory;

/// <summary>What is asked of a choice.</summary>
/// <param name="Available">Bytes for activations.</param>
/// <param name="RowsPerUpdate">A forward never has more.</param>
/// <param name="FixedTokens">max_tokens_per_forward; null: as many as fit.</param>
sealed record ForwardLimits(long Available, int RowsPerUpdate, bool MayRecompute, int? FixedTokens, bool IsCpu);

/// <summary>How many tokens go through the model at once, and whether layers are computed again: whatever is sooner done and fits.</summary>
/// <param name="Fits">False: by the numbers not even the longest row does.</param>
/// <param name="Tokens">Of the largest forward there will be.</param>
/// <param name="ActivationBytes">Of that forward.</param>
/// <param name="Reason">For the user.</param>
sealed record ForwardChoice(ForwardPlan Plan, bool Fits, int Tokens, long ActivationBytes, string Reason)
{
    /// <summary>What the allocator cannot fill: measured on an H100 over updates of 1,000 to 8,000 tokens (docs/log.md).</summary>
    public const double Fragmentation = 1.06;

    const int MostOnGpu = 65536, MostOnCpu = 8192;

    // Budgets in steps, so that a little more or less free memory does not cut the rows elsewhere.
    const int Step = 256;

    /// <summary>For a model that is on its device, by what is free there now.</summary>
    public static (ForwardChoice Choice, long Available) For(CausalLanguageModel model, Trainable trainable, RowLengths rows, int rowsPerUpdate, bool mayRecompute, int? fixedTokens)
    {
        var device = model.Placement.Device;
        var limits = new ForwardLimits(DeviceMemory.Available(device), rowsPerUpdate, mayRecompute && trainable.IsBaseFrozen, fixedTokens, device.type == DeviceType.CPU);
        return (Of(new(model, trainable, device.type), TrainingSpeed.Of(model, trainable), rows, limits), limits.Available);
    }

    public static ForwardChoice Of(ActivationMemory memory, TrainingSpeed speed, RowLengths rows, ForwardLimits limits)
    {
        var update = rows.LargestUpdate(limits.RowsPerUpdate);
        int kept = Most(false), again = limits.MayRecompute ? Most(true) : 0;
        var recomputes = again >= rows.Longest && (kept < rows.Longest || Seconds(again, true) < Seconds(kept, false));
        var most = recomputes ? again : kept;
        var fits = most >= rows.Longest;
        if (!fits) (most, recomputes) = (rows.Longest, limits.MayRecompute);
        var plan = new ForwardPlan(limits.FixedTokens ?? most, recomputes);
        var tokens = Math.Max(rows.Longest, Math.Min(plan.MaxTokens, update));
        return new(plan, fits, tokens, Bytes(tokens, recomputes), Reason());

        int Most(bool isAgain)
        {
            var cap = limits.FixedTokens is { } wanted ? Math.Max(wanted, rows.Longest) : Math.Max(limits.IsCpu ? MostOnCpu : MostOnGpu, rows.Longest);
            int low = 0, high = cap;
            while (low < high)
            {
                var middle = low + ((high - low + 1) / 2);
                if (Bytes(middle, isAgain) <= limits.Available) low = middle;
                else high = middle - 1;
            }
            // With a fixed budget the question is only whether the forwards there will be fit.
            if (limits.FixedTokens is { } fixedTokens) return low >= Math.Max(rows.Longest, Math.Min(fixedTokens, update)) ? Math.Max(low, rows.Longest) : 0;
            return low == cap || low < rows.Longest + Step ? low : low / Step * Step;
        }

        long Bytes(int tokens, bool isAgain) => (long)(memory.Bytes(rows.Forward(tokens), isAgain) * Fragmentation);

        double Seconds(int tokens, bool isAgain) => speed.Seconds(rows.Mean * Math.Min(limits.RowsPerUpdate, rows.Count), new(tokens, isAgain), rows.Mean);

        string Reason() => !fits
            ? $"a row of {rows.Longest:N0} tokens alone is too much"
            : !recomputes ? plan.MaxTokens >= update ? "an update goes through in one forward" : "their activations fit"
            : kept < rows.Longest ? $"kept, {(limits.FixedTokens is null ? $"the activations of a row of {rows.Longest:N0} tokens" : "their activations")} would not fit"
            : $"kept, a forward would have {kept:N0} tokens, which is slower";
    }
}
