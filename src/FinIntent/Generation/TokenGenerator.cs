using FinIntent.Models;
using FinIntent.Runtime;

namespace FinIntent.Generation;

/// <summary>Is a prompt to be continued.</summary>
/// <param name="Seed">The seed of this row's draws: a row gives the same answer alone and among others.</param>
sealed record GenerationRequest(int[] Prompt, long Seed = 0);

/// <summary>Says what ends a row besides its own end.</summary>
/// <param name="StopIds">The ids that end an answer; they are not part of it.</param>
sealed record GenerationLimits(IReadOnlySet<int> StopIds, int MaxNewTokens);

/// <summary>Continues several prompts at once: one prefill, then a token a row and step; finished rows leave.</summary>
/// <param name="vocabularySize">The tokenizer's size, when it knows fewer ids than the model has rows for.</param>
sealed class TokenGenerator(CausalLanguageModel model, SamplingOptions sampling, int vocabularySize = int.MaxValue)
{
    // For longer answers the cache makes room as they come.
    const int RoomForAnswers = 256;

    readonly int _usableVocabulary = Math.Min(vocabularySize, model.Shape.UsableVocabulary);

    sealed class Row(int number, GenerationRequest request, Sampler sampler)
    {
        public int Number => number;
        public Sampler Sampler => sampler;
        public List<int> Seen { get; } = [.. request.Prompt];
        public int[] Answer => [.. Seen.Skip(request.Prompt.Length)];
        public int Length => Seen.Count - request.Prompt.Length;
    }

    /// <summary>Returns the answers' ids, without stop ids.</summary>
    /// <param name="onToken">Is called with row number and id for each token of an answer; false ends that row.</param>
    /// <param name="onDone">Is called with a row's number when its answer is whole.</param>
    /// <exception cref="UserErrorException">A prompt leaves no room for an answer, or the model's scores are not numbers.</exception>
    public IReadOnlyList<int[]> Generate(
        IReadOnlyList<GenerationRequest> requests, GenerationLimits limits,
        Func<int, int, bool>? onToken = null, Action<int>? onDone = null)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var request in requests) CheckLength(request);
        var answers = new int[requests.Count][];
        var rows = requests.Select((request, i) => new Row(i, request, new(sampling, _usableVocabulary, request.Seed))).ToList();
        using var cache = new KvCache(model.Shape, rows.Count,
            Math.Min(model.Shape.MaxPositions, requests.Max(r => r.Prompt.Length) + Math.Min(limits.MaxNewTokens, RoomForAnswers)));
        var next = requests.Select(request => request.Prompt).ToList();
        while (rows.Count > 0)
        {
            var ids = Step(next, rows, cache);
            var going = Enumerable.Range(0, rows.Count).Where(b => GoesOn(rows[b], ids[b])).ToList();
            foreach (var row in rows.Except(going.Select(b => rows[b])))
            {
                answers[row.Number] = row.Answer;
                onDone?.Invoke(row.Number);
            }
            if (going.Count < rows.Count) cache.Keep(going);
            (rows, next) = ([.. going.Select(b => rows[b])], [.. going.Select(b => new[] { ids[b] })]);
        }
        return answers;

        bool GoesOn(Row row, int id)
        {
            if (limits.StopIds.Contains(id)) return false;
            row.Seen.Add(id);
            return (onToken?.Invoke(row.Number, id) ?? true) && row.Length < limits.MaxNewTokens
                && row.Seen.Count < model.Shape.MaxPositions;
        }
    }

    void CheckLength(GenerationRequest request)
    {
        if (request.Prompt.Length >= model.Shape.MaxPositions)
            throw new UserErrorException($"a prompt has {request.Prompt.Length} tokens and the model reads " +
                $"{model.Shape.MaxPositions} at most; shorten it");
    }

    unsafe int[] Step(IReadOnlyList<int[]> tokens, IReadOnlyList<Row> rows, KvCache cache)
    {
        using var scope = NewDisposeScope();
        using var batch = TokenBatch.Last(tokens, model.Placement.Device, cache, isShared: cache.Length(0) == 0);
        var scores = model.forward(batch);                                                            // [B, V]
        if (sampling is { DoSample: false, RepetitionPenalty: 1.0 }) return Best(scores);

        using var logits = scores.to(ScalarType.Float32).cpu().contiguous();
        CheckFinite(logits);
        var width = (int)logits.shape[1];
        var memory = (float*)TensorMemory.PointerOf(logits);
        return [.. rows.Select((row, b) => row.Sampler.Next(new Span<float>(memory + (long)b * width, width), row.Seen))];
    }

    /// <summary>Finds each row's most probable id, the lowest among equals, on the device that has the scores.</summary>
    int[] Best(Tensor scores)
    {
        var (highest, ids) = scores.narrow(1, 0, Math.Min(_usableVocabulary, scores.shape[1])).max(1);
        var both = stack([highest.to(ScalarType.Float64), ids.to(ScalarType.Float64)]).cpu();         // [2, B]
        CheckFinite(both);
        return [.. both[1].data<double>().ToArray().Select(id => (int)id)];
    }

    static void CheckFinite(Tensor scores)
    {
        if (!scores.isfinite().all().item<bool>()) throw new UserErrorException(OptionReading.NotFinite);
    }
}
