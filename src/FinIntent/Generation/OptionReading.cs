using FinIntent.Runtime;

namespace FinIntent.Generation;

/// <summary>Says what one forward tells about a question. It is plain numbers: no tensor, any thread.</summary>
/// <param name="Logits">A number for each option, in their order, not normalised: the logit of the label's token where the answer stands
/// or, where labels have several tokens, the log-probability of the whole label.</param>
/// <param name="State">The last hidden state where the answer is asked, behind the final norm and before the head, [C].</param>
sealed record OptionReading(double[] Logits, float[] State)
{
    internal const string NotFinite =
        "the model's scores are not finite numbers; load it in bf16 or fp32 (infer_dtype), or check its weights";

    /// <summary>The log-probability of each token of each option's tail; null unless <see cref="OptionQuestion.TellsTokens"/>.</summary>
    public IReadOnlyList<double[]>? TokenLogProbabilities { get; init; }

    /// <summary>The options' probabilities, renormalised over the options: softmax of the logits. They sum to 1.</summary>
    public double[] Probabilities { get; } = Softmax(Logits);

    static double[] Softmax(double[] logits)
    {
        var highest = logits.Max();
        if (!double.IsFinite(highest)) throw new UserErrorException(NotFinite);
        var weights = logits.Select(s => Math.Exp(s - highest)).ToArray();
        var total = weights.Sum();
        return [.. weights.Select(w => w / total)];
    }
}

/// <summary>Is a forward that a device works on. <see cref="Finish"/> waits for it.</summary>
sealed class ScoringPass(IReadOnlyList<OptionQuestion> questions) : IDisposable
{
    readonly List<ScoringPart> _parts = [];

    public IReadOnlyList<OptionQuestion> Questions => questions;

    public void Add(ScoringPart part) => _parts.Add(part);

    /// <summary>Returns the readings in the order of the questions.</summary>
    /// <exception cref="UserErrorException">The model's scores are not finite.</exception>
    public IReadOnlyList<OptionReading> Finish()
    {
        var readings = new OptionReading[questions.Count];
        foreach (var part in _parts) part.Read(readings);
        return readings;
    }

    public void Dispose()
    {
        foreach (var part in _parts) part.Dispose();
    }
}

/// <summary>Is the part of a pass whose questions have labels of one kind: single tokens, or several.</summary>
/// <param name="places">The numbers of the part's questions among those of the pass.</param>
/// <param name="logits">What the model says of them, fp32.</param>
/// <param name="states">The last hidden states where the answers are asked, [B, C], fp32.</param>
/// <param name="logitsOf">Takes the values of <paramref name="logits"/> and the number of a question among these.</param>
sealed class ScoringPart(int[] places, Tensor logits, Tensor states, Func<float[], int, double[]> logitsOf) : IDisposable
{
    /// <summary>Takes the same and returns what <see cref="OptionReading.TokenLogProbabilities"/> is; null means that nothing is.</summary>
    public Func<float[], int, IReadOnlyList<double[]>?>? TokensOf { get; init; }

    public unsafe void Read(OptionReading[] readings)
    {
        using var scope = NewDisposeScope();
        var values = logits.cpu().contiguous().data<float>().ToArray();
        var all = states.cpu().contiguous();
        var width = (int)(all.numel() / places.Length);
        // One array of them all would be a large object each forward, and those are collected with everything that lives.
        var memory = (float*)TensorMemory.PointerOf(all);
        foreach (var (row, place) in places.Index())
        {
            readings[place] = new(logitsOf(values, row), new ReadOnlySpan<float>(memory + (long)row * width, width).ToArray())
            {
                TokenLogProbabilities = TokensOf?.Invoke(values, row),
            };
        }
    }

    public void Dispose()
    {
        logits.Dispose();
        states.Dispose();
    }
}
