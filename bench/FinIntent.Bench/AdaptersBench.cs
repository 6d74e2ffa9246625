using FinIntent.Generation;
using FinIntent.Jobs.Bench;
using FinIntent.Lora;
using FinIntent.Models;
using static System.FormattableString;
using static FinIntent.Bench.MeasuredTable;
using static TorchSharp.torch;

namespace FinIntent.Bench;

/// <summary>What it costs that the questions of one forward use many adapters, with random weights and adapters.</summary>
/// <param name="name">What the model is called in the table.</param>
sealed class AdaptersBench(string name, Device device, Func<CausalLanguageModel> create)
{
    const int Turns = 7;

    static readonly OptionAnswers Letters = new([], [.. Enumerable.Range(32, 5).Select(id => new[] { id })]);

    readonly MeasuredTable _table = new(device, "adapters", "kept beginning", "ms a forward", "host ms", "questions/s",
        "largest difference to each alone");

    /// <summary>The questions of a forward.</summary>
    public required int Rows { get; init; }

    /// <summary>The tokens of a question.</summary>
    public required int Length { get; init; }

    /// <summary>How many of these all questions begin with.</summary>
    public required int Shared { get; init; }
    public required int Rank { get; init; }

    /// <summary>Prints a row for each number of adapters; 0 means the model alone.</summary>
    public void Run(IReadOnlyList<int> counts)
    {
        using var noGradient = no_grad();
        using var model = create();
        var adapters = new AdapterWeights[counts.Max()];
        LoraSettings settings = new(Rank, 2 * Rank, 0, false, [LoraSettings.AllLinears]);
        Parallel.For(0, adapters.Length, i => adapters[i] = AdapterWeights.Random(model, settings, (ulong)i));
        foreach (var count in counts)
        {
            Measure(model, [.. adapters[..count]], isKept: false);
            if (Shared > 0) Measure(model, [.. adapters[..count]], isKept: true);
        }
        _table.Write(Invariant($"{name}, {model.FormatName}, {Rows} questions of {Length} tokens ({Shared} shared), rank {Rank}, ") +
            Invariant($"{device}; an adapter has {(adapters.FirstOrDefault()?.Bytes ?? 0) / 1e6:f1} MB"));
        foreach (var adapter in adapters) adapter.Dispose();
    }

    void Measure(CausalLanguageModel model, AdapterWeights[] adapters, bool isKept)
    {
        using var kept = isKept ? new KeptBeginnings(model, 8L << 30) : null;
        OptionQuestion[] questions = [.. Enumerable.Range(0, Rows).Select(r => Question(r, adapters))];
        if (kept is not null)
            foreach (var adapter in questions.Select(q => q.Adapter).Distinct()) kept.Add(adapter, questions[0].Prompt[..Shared]);
        var scorer = new OptionScorer(model, Rows * Length, kept);
        var together = scorer.Read(questions);
        var (seconds, host) = Timing.Of(device, Turns, () => scorer.Begin(questions).Dispose());
        _table.Add($"{adapters.Length}", isKept ? "yes" : "no", Milliseconds(seconds), host is { } queued ? Milliseconds(queued) : "–",
            Invariant($"{Rows / seconds:f1}"), Invariant($"{Difference(model, questions, together):g3}"));
    }

    OptionQuestion Question(int row, AdapterWeights[] adapters)
    {
        var prompt = Enumerable.Range(0, Length).Select(t => (t < Shared ? t * 7 : row * 131 + t * t * 17 + t * 7) % 1000 + 5).ToArray();
        return new(prompt, Letters) { Adapter = adapters.Length == 0 ? null : adapters[row * adapters.Length / Rows] };
    }

    /// <summary>Returns how far the logits are at most from those of one adapter's questions alone.</summary>
    static double Difference(CausalLanguageModel model, OptionQuestion[] questions, IReadOnlyList<OptionReading> together)
    {
        var scorer = new OptionScorer(model);
        var largest = 0.0;
        foreach (var alike in questions.Index().GroupBy(q => q.Item.Adapter).Take(8))
            foreach (var (place, reading) in alike.Select(q => q.Index).Zip(scorer.Read([.. alike.Select(q => q.Item)])))
                largest = Math.Max(largest, reading.Logits.Zip(together[place].Logits, (a, b) => Math.Abs(a - b)).Max());
        return largest;
    }
}
