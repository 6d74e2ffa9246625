using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Text;

namespace FinIntent.Curation;

/// <summary>What an untuned model makes of questions: its last hidden state behind each, beside the mean of the states over it.</summary>
/// <remarks>The words and options around a question are the same in all rows; leaving them out is many times faster.</remarks>
static class FrozenFeatures
{
    const int TokensAtOnce = 8192;

    /// <returns>[N, 2C] fp32 on the CPU.</returns>
    public static Tensor Of(ChatModel chat, IReadOnlyList<string> questions)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        var prompts = questions.Select(q => chat.Template.EncodePrompt(new Conversation(null, [new("user", q)]))).ToList();
        List<Tensor> parts = [];
        foreach (var batch in Batches(prompts)) parts.Add(OfBatch(chat.Model, batch));
        return cat(parts).MoveToOuterDisposeScope();
    }

    static IEnumerable<IReadOnlyList<int[]>> Batches(IReadOnlyList<int[]> prompts)
    {
        List<int[]> batch = [];
        foreach (var prompt in prompts)
        {
            if (batch.Count > 0 && batch.Sum(p => p.Length) + prompt.Length > TokensAtOnce)
            {
                yield return batch;
                batch = [];
            }
            batch.Add(prompt);
        }
        if (batch.Count > 0) yield return batch;
    }

    static Tensor OfBatch(CausalLanguageModel model, IReadOnlyList<int[]> rows)
    {
        using var scope = NewDisposeScope();
        using var batch = TokenBatch.All(rows, model.Placement.Device);
        var h = model.Hidden(batch).to(ScalarType.Float32).cpu();                                        // [T, C]
        List<Tensor> features = [];
        var start = 0L;
        foreach (var row in rows)
        {
            var own = h.narrow(0, start, row.Length);                                                    // [t, C]
            features.Add(cat([own[-1], own.mean([0L])]));                                                // [2C]
            start += row.Length;
        }
        return stack(features).MoveToOuterDisposeScope();
    }
}
