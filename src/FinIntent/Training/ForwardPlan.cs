using FinIntent.Data.Tokens;
using FinIntent.Text;

namespace FinIntent.Training;

/// <summary>Says how the rows of an update go through the model.</summary>
/// <param name="MaxTokens">The most tokens of one forward; a longer row goes alone.</param>
/// <param name="Recomputes">Computes layers again for their backward (gradient checkpointing): a third slower, far less memory.</param>
readonly record struct ForwardPlan(int MaxTokens, bool Recomputes = false)
{
    /// <summary>Below this, reading weights and launching costs more than computing layers again in forwards twice as long.</summary>
    public const int LeastKeptTokens = 1500;

    /// <summary>Returns what to try when these rows ran out of memory; null when nothing smaller is left to try.</summary>
    public ForwardPlan? Smaller(TokenRow[] rows, bool mayRecompute)
    {
        var (tokens, count) = MicroBatches.Cut(rows, MaxTokens).Select(part => (part.Sum(row => row.InputIds.Length), part.Count)).Max();
        var recomputes = Recomputes || (mayRecompute && (count == 1 || tokens / 2 < LeastKeptTokens));
        if (count > 1) return new(tokens / 2, recomputes);
        return recomputes == Recomputes ? null : new(tokens, recomputes);
    }

    public override string ToString() => $"{MaxTokens:N0} tokens a forward, layers {(Recomputes ? "recomputed" : "kept")}";
}
