using FinIntent.Models;
using FinIntent.Runtime;

namespace FinIntent.Training.Memory;

/// <summary>Says what is asked of a choice.</summary>
/// <param name="Available">The bytes for activations.</param>
/// <param name="RowsPerUpdate">The rows of an update; a forward never has more.</param>
/// <param name="FixedTokens">The value of max_tokens_per_forward; null means as many as fit.</param>
sealed record ForwardLimits(long Available, int RowsPerUpdate, bool MayRecompute, int? FixedTokens, bool IsCpu);

/// <summary>Chooses how many tokens go through the model at once, and whether layers are computed again: the fastest that fits.</summary>
/// <param name="Fits">False when by the numbers not even the longest row fits.</param>
/// <param name="Tokens">The tokens of the largest forward that there will be.</param>
/// <param name="ActivationBytes">The bytes of that forward.</param>
/// <param name="Reason">The reason, for the user.</param>
sealed record ForwardChoice(ForwardPlan Plan, bool Fits, int Tokens, long ActivationBytes, string Reason)
{
    /// <summary>What the allocator cannot fill, as measured on an H100 over updates of 1,000 to 8,000 tokens (docs/log.md).</summary>
    public const double Fragmentation = 1.06;

    const int MostOnGpu = 65536, MostOnCpu = 8192;

    // Budgets go in steps, so that a little more or less free memory does not cut the rows at other places.
    const int Step = 256;

    /// <summary>Chooses for a model that is on its device, by what is free there now.</summary>
    public static (ForwardChoice Choice, long Available) For(
        CausalLanguageModel model, Trainable trainable, RowLengths rows, int rowsPerUpdate, bool mayRecompute, int? fixedTokens)
    {
        var device = model.Placement.Device;
        var limits = new ForwardLimits(DeviceMemory.Available(device), rowsPerUpdate, mayRecompute && trainable.IsBaseFrozen,
            fixedTokens, device.type == DeviceType.CPU);
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
            var cap = Math.Max(limits.FixedTokens ?? (limits.IsCpu ? MostOnCpu : MostOnGpu), rows.Longest);
            int low = 0, high = cap;
            while (low < high)
            {
                var middle = low + ((high - low + 1) / 2);
                if (Bytes(middle, isAgain) <= limits.Available) low = middle;
                else high = middle - 1;
            }
            // With a fixed budget the question is only whether the forwards that there will be fit.
            if (limits.FixedTokens is not { } fixedTokens) return low == cap || low < rows.Longest + Step ? low : low / Step * Step;
            return low >= Math.Max(rows.Longest, Math.Min(fixedTokens, update)) ? Math.Max(low, rows.Longest) : 0;
        }

        long Bytes(int tokens, bool isAgain) => (long)(memory.Bytes(rows.Forward(tokens), isAgain) * Fragmentation);

        double Seconds(int tokens, bool isAgain) =>
            speed.Seconds(rows.Mean * Math.Min(limits.RowsPerUpdate, rows.Count), new(tokens, isAgain), rows.Mean);
        string Activations() => limits.FixedTokens is null ? $"the activations of a row of {rows.Longest:N0} tokens" : "their activations";

        string Reason() => !fits
            ? $"a row of {rows.Longest:N0} tokens alone is too much"
            : !recomputes ? plan.MaxTokens >= update ? "an update goes through in one forward" : "their activations fit"
            : kept < rows.Longest ? $"kept, {Activations()} would not fit"
            : $"kept, a forward would have {kept:N0} tokens, which is slower";
    }
}
