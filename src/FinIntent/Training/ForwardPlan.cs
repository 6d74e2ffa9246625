using FinIntent.Data.Tokens;
using FinIntent.Text;

namespace FinIntent.Training;

/// <summary>How the rows of an update go through the model.</summary>
/// <param name="MaxTokens">Of one forward; a longer row goes alone.</param>
/// <param name="Recomputes">Layers are computed again for their backward (gradient checkpointing): a third slower, far less memory.</param>
readonly record struct ForwardPlan(int MaxTokens, bool Recomputes = false)
{
    /// <summary>Below this the weights' bytes and the launches cost more than computing layers again in forwards twice as long.</summary>
    public const int LeastKeptTokens = 1500;

    /// <summary>What to try when these rows ran out of memory under this plan; null: it is one row already, and nothing of it is kept.</summary>
    public ForwardPlan? Smaller(TokenRow[] rows, bool mayRecompute)
    {
        var (tokens, count) = MicroBatches.Cut(rows, MaxTokens).Select(part => (part.Sum(row => row.InputIds.Length), part.Count)).Max();
        var recomputes = Recomputes || (mayRecompute && (count == 1 || tokens / 2 < LeastKeptTokens));
        if (count > 1) return new(tokens / 2, recomputes);
        return recomputes == Recomputes ? null : new(tokens, recomputes);
    }

    public override string ToString() => $"{MaxTokens:N0} tokens a forward, layers {(Recomputes ? "recomputed" : "kept")}";
}
