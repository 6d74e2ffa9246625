using FinIntent.Text;

namespace FinIntent.Generation;

/// <summary>Is a conversation whose answer is to be one of given texts, ready to be scored.</summary>
/// <remarks>
/// A choice's log-probability is the sum over its tokens, as the model would write them. The end token counts only where a choice begins
/// with another one, which then would never be the less probable of the two; so choices that are labels score as in a classification.
/// </remarks>
/// <param name="Ids">The tokens of each choice, and of the end where it counts.</param>
sealed record ChoiceQuestion(int[] Prompt, IReadOnlyList<int[]> Ids)
{
    /// <summary>More tokens than these are refused: a forward reads them together.</summary>
    public const int MostTokens = 16384;

    /// <exception cref="UserErrorException">The tokenizer does not tell the choices apart, or they have too many tokens.</exception>
    public static ChoiceQuestion For(ChatTemplate template, Conversation conversation, IReadOnlyList<string> choices)
    {
        Message question = new("user", "?");
        var start = template.EncodePrompt(new(null, [question])).Length;
        var end = IdsOf("").Length;
        List<int[]> whole = [.. choices.Select(IdsOf)];
        var total = whole.Sum(ids => ids.Length);
        if (total > MostTokens)
            throw new UserErrorException($"the choices have {total} tokens and may have {MostTokens}; give fewer or shorter ones");
        for (var left = end; left >= 0; left--)
        {
            List<int[]> tails = [.. whole.Select(ids => ids[..^left])];
            if (OptionAnswers.AreApart(tails)) return new(template.EncodePrompt(conversation), tails);
        }
        throw new UserErrorException("the tokenizer does not tell all the choices apart; some have the same tokens");

        int[] IdsOf(string choice) => template.EncodeSupervised(
            new(null, [question, new("assistant", choice)]), new(CutoffLength: int.MaxValue)).InputIds[start..];
    }

    public OptionQuestion Question => new(Prompt, new([], Ids)) { TellsTokens = true };

    public ChoiceAnswer AnswerOf(OptionReading reading) => new(Ids, reading.TokenLogProbabilities!, reading.Logits, reading.Probabilities);
}

/// <summary>Says how probable each choice is as the answer.</summary>
/// <param name="Ids">The tokens of each choice.</param>
/// <param name="TokenLogProbabilities">Those of each token, given what stands before it, under the whole vocabulary.</param>
/// <param name="LogProbabilities">Those of each choice: the sums.</param>
/// <param name="Probabilities">Those of each choice among the choices; they sum to 1.</param>
sealed record ChoiceAnswer(IReadOnlyList<int[]> Ids, IReadOnlyList<double[]> TokenLogProbabilities, double[] LogProbabilities,
    double[] Probabilities)
{
    /// <summary>The number of the most probable choice, the first one among equals.</summary>
    public int Best => Array.IndexOf(LogProbabilities, LogProbabilities.Max());

    /// <summary>Returns the tokens of a choice. Beside each stand the tokens by which other choices go on there, the most probable
    /// first; where choices part there are several.</summary>
    public IReadOnlyList<TokenReading> TokensOf(int choice)
    {
        var ids = Ids[choice];
        return [.. ids.Select((id, t) => new TokenReading(id, TokenLogProbabilities[choice][t],
            [.. Enumerable.Range(0, Ids.Count).Where(other => Ids[other].Length > t && Ids[other].AsSpan().StartsWith(ids.AsSpan(0, t)))
                .Select(other => new TokenChance(Ids[other][t], TokenLogProbabilities[other][t])).DistinctBy(chance => chance.Id)
                .OrderByDescending(chance => chance.LogProbability).ThenBy(chance => chance.Id)]))];
    }
}
