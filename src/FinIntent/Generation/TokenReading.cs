namespace FinIntent.Generation;

/// <summary>Is a token that may come next.</summary>
/// <param name="LogProbability">The natural logarithm of its probability.</param>
readonly record struct TokenChance(int Id, double LogProbability);

/// <summary>Is a token of an answer with what the model made of its place.</summary>
/// <remarks>The numbers are the model's own distribution over its vocabulary: at temperature 1, before a penalty, TopK and TopP. vLLM
/// tells the same (logprobs_mode raw_logprobs).</remarks>
/// <param name="Best">The most probable tokens, the lower id first among equals; as many as were asked for.</param>
sealed record TokenReading(int Id, double LogProbability, IReadOnlyList<TokenChance> Best)
{
    /// <summary>Reads what was made of the places of tokens that have been drawn.</summary>
    /// <param name="logProbabilities">Of all ids, a row each, [B, V] in fp32.</param>
    /// <param name="ids">The tokens that were drawn.</param>
    /// <param name="count">The number of tokens in <see cref="Best"/>; 0 means none.</param>
    public static IReadOnlyList<TokenReading> Of(Tensor logProbabilities, int[] ids, int count)
    {
        using var scope = NewDisposeScope();
        var drawn = tensor(ids.Select(id => (long)id).ToArray(), device: logProbabilities.device).unsqueeze(1);
        var own = logProbabilities.gather(1, drawn).cpu().data<float>().ToArray();                    // [B]
        count = (int)Math.Min(count, logProbabilities.shape[1]);
        if (count == 0) return [.. ids.Zip(own, (id, log) => new TokenReading(id, log, []))];
        var (values, best) = logProbabilities.topk(count, 1);                                         // [B, count]
        var (logs, places) = (values.cpu().data<float>().ToArray(), best.cpu().data<long>().ToArray());
        return [.. ids.Select((id, b) => new TokenReading(id, own[b], [.. Enumerable.Range(b * count, count)
            .Select(i => new TokenChance((int)places[i], logs[i])).OrderByDescending(c => c.LogProbability).ThenBy(c => c.Id)]))];
    }
}

/// <summary>Is what an answer grows by in a step.</summary>
/// <param name="Text">Nothing while a letter or a stop word may be incomplete.</param>
/// <param name="Tokens">The tokens whose text, or the beginning of it, has been let through since the last step; none unless
/// <see cref="AnswerOptions.TopLogProbabilities"/> asks for them. Tokens of a stop word are left out.</param>
readonly record struct AnswerPiece(string Text, IReadOnlyList<TokenReading> Tokens)
{
    public static AnswerPiece Nothing { get; } = new("", []);
}
