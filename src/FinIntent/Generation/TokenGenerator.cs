using FinIntent.Lora;
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
/// <param name="alternatives">How many of the most probable tokens each <see cref="TokenReading"/> tells; null means that none is
/// made.</param>
sealed class TokenGenerator(
    CausalLanguageModel model, SamplingOptions sampling, int vocabularySize = int.MaxValue, int? alternatives = null)
{
    // For longer answers the cache makes room as they come.
    const int RoomForAnswers = 256;

    readonly int _usableVocabulary = Math.Min(vocabularySize, model.Shape.UsableVocabulary);

    /// <summary>The adapter that all prompts are continued with; null means the model as it was loaded.</summary>
    public AdapterWeights? Adapter { get; init; }

    /// <summary>Returns the answers' ids, without stop ids.</summary>
    /// <inheritdoc cref="Begin"/>
    public IReadOnlyList<int[]> Generate(
        IReadOnlyList<GenerationRequest> requests, GenerationLimits limits,
        Func<int, int, bool>? onToken = null, Action<int>? onDone = null)
    {
        using var run = Begin(requests, limits, onToken, onDone);
        while (run.Step()) { }
        return run.Answers;
    }

    /// <summary>Begins answers, which are then made step by step. Nothing is computed yet.</summary>
    /// <param name="onToken">Is called with row number and id for each token of an answer; false ends that row.</param>
    /// <param name="onDone">Is called with a row's number when its answer is whole.</param>
    /// <exception cref="UserErrorException">A prompt leaves no room for an answer, or the model's scores are not numbers.</exception>
    public TokenGeneration Begin(
        IReadOnlyList<GenerationRequest> requests, GenerationLimits limits,
        Func<int, int, bool>? onToken = null, Action<int>? onDone = null)
    {
        foreach (var request in requests) CheckLength(request);
        var rows = requests.Select((request, i) => new GeneratedRow(i, request, new(sampling, _usableVocabulary, request.Seed))).ToList();
        var cache = new KvCache(model.Shape, rows.Count,
            Math.Min(model.Shape.MaxPositions, requests.Max(r => r.Prompt.Length) + Math.Min(limits.MaxNewTokens, RoomForAnswers)));
        return new(rows, cache, limits, model.Shape.MaxPositions, Step) { OnToken = onToken, OnDone = onDone };
    }

    void CheckLength(GenerationRequest request)
    {
        if (request.Prompt.Length >= model.Shape.MaxPositions)
            throw new UserErrorException($"a prompt has {request.Prompt.Length} tokens and the model reads " +
                $"{model.Shape.MaxPositions} at most; shorten it");
    }

    int[] Step(IReadOnlyList<int[]> tokens, IReadOnlyList<GeneratedRow> rows, KvCache cache)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        using var batch = TokenBatch.Last(tokens, model.Placement.Device, cache, isShared: cache.Length(0) == 0,
            contexts: Adapter is null ? null : [.. tokens.Select(_ => new RowContext(Adapter))]);
        var scores = model.forward(batch);                                                            // [B, V]
        // They are made first: a penalty changes the scores in place.
        using var logs = alternatives is null ? null
            : scores.narrow(1, 0, Math.Min(_usableVocabulary, scores.shape[1])).to(ScalarType.Float32).log_softmax(1);
        var ids = sampling is { DoSample: false, RepetitionPenalty: 1.0 } ? Best(scores) : Drawn(scores, rows);
        if (logs is not null)
            foreach (var (row, reading) in rows.Zip(TokenReading.Of(logs, ids, alternatives!.Value))) row.Reading = reading;
        return ids;
    }

    unsafe int[] Drawn(Tensor scores, IReadOnlyList<GeneratedRow> rows)
    {
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
