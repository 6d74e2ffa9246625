using FinIntent.Generation;
using FinIntent.Models;
using FinIntent.Runtime;

namespace FinIntent.Jobs.Bench;

/// <param name="Prefix">The number of tokens that all questions begin with.</param>
/// <param name="Turns">The passes over the questions that are measured; null: 3 on a CPU, 20 on a GPU.</param>
/// <param name="WithAdapter">Whether it is measured once more with an adapter that is not merged.</param>
sealed record ScoreBenchOptions(int Questions, int Prefix, int? Turns, bool WithAdapter, string? RowsFile);

/// <summary>How fast questions are scored by the probabilities of their options.</summary>
sealed class ScoreBench(BenchModel shape, ScoreBenchOptions options)
{
    const int SingleTurns = 20;

    // Five letters, whichever they are.
    static readonly OptionAnswers Letters = new([], [[1], [2], [3], [4], [5]]);

    readonly bool _isGpu = shape.Device.type == DeviceType.CUDA;

    public IReadOnlyList<BenchLine> Run()
    {
        var memory = new PeakMemory(shape.Device);
        using var model = shape.Create(isTrained: false);
        var rows = BenchRows.Create(options.Questions, model.Shape.UsableVocabulary, options.Prefix, options.RowsFile);
        var questions = rows.Select(row => new OptionQuestion(row.InputIds, Letters)).ToList();
        var lines = Measure(model, questions, memory, "score", options.Prefix > 0 ? $", first {options.Prefix} tokens shared" : "")
            .ToList();
        if (!options.WithAdapter) return lines;

        using var adapters = BenchModel.Attach(model);
        using (no_grad())
            foreach (var (_, value) in adapters.Parameters.Where(p => p.Name.Contains(".lora_B."))) value.normal_(0, 0.01);
        return [.. lines, .. Measure(model, questions, memory, "score_adapter", ", adapter not merged")];
    }

    IEnumerable<BenchLine> Measure(CausalLanguageModel model, List<OptionQuestion> questions, PeakMemory memory, string key, string with)
    {
        yield return Line(questions, options.Turns ?? (_isGpu ? 20 : 3), key, $"{questions.Count} questions{with}");
        if (questions.Count > 1) yield return Line(questions[..1], SingleTurns, $"{key}_one", $"1 question{with}");

        BenchLine Line(List<OptionQuestion> asked, int turns, string lineKey, string name)
        {
            // About 2,000 tokens keep a CPU's cores busy; a GPU takes all questions at once.
            var scorer = new OptionScorer(model, _isGpu ? 16384 : 2048);
            var batches = scorer.Batches(asked);
            var (seconds, _) = Timing.Of(shape.Device, turns, () =>
            {
                foreach (var range in batches) scorer.Score(asked[range]);
            });
            double total = asked.Sum(q => q.Prompt.Length), read = 0;
            foreach (var range in batches)
            {
                using var batch = BatchOf(asked[range]);
                read += batch.TokenCount;
            }
            return new(lineKey, name, total / seconds, seconds, HostSeconds(model, asked, batches, turns), 2 * read / total, memory.Bytes);
        }
    }

    /// <summary>The forwards alone: scoring reads its results back, so its own time is no host time.</summary>
    double? HostSeconds(CausalLanguageModel model, List<OptionQuestion> asked, IReadOnlyList<Range> batches, int turns)
    {
        if (!_isGpu) return null;
        using var _ = no_grad();
        return Timing.Of(shape.Device, turns, () =>
        {
            foreach (var range in batches)
            {
                using var batch = BatchOf(asked[range]);
                model.forward(batch).Dispose();
            }
        }).HostSeconds;
    }

    /// <summary>What the scorer makes of single letters.</summary>
    TokenBatch BatchOf(IEnumerable<OptionQuestion> asked) =>
        TokenBatch.Last([.. asked.Select(q => q.Prompt)], shape.Device, isShared: true, ids: [.. Letters.Tails.Select(t => t[0])]);
}
