namespace FinIntent;

/// <summary>Says why a classifier does not vouch for an answer.</summary>
public enum AbstentionReason
{
    /// <summary>The most probable intent is less probable than the calibrated threshold.</summary>
    LowProbability,

    /// <summary>The text looks like none of the questions that the intents were calibrated on.</summary>
    OutOfScope,
}

/// <summary>An earlier turn of a conversation: what the user said, and what was answered.</summary>
/// <param name="User">The user's message.</param>
/// <param name="Assistant">The answer to it.</param>
/// <example><code>
/// ChatTurn[] history = [new("有什么新能源基金", "有几只主动型基金。")];
/// var result = await classifier.ClassifyAsync("那它能买吗", history);
/// </code></example>
public sealed record ChatTurn(string User, string Assistant);

/// <summary>Intents that a model tells apart.</summary>
/// <param name="Name">The word that chooses the set in calls.</param>
/// <param name="Intents">The intents' names, in the order in which the model reads them.</param>
/// <example><code>
/// foreach (var set in classifier.IntentSets) Console.WriteLine($"{set.Name}: {string.Join(", ", set.Intents)}");
/// </code></example>
public sealed record IntentSet(string Name, IReadOnlyList<string> Intents);

/// <summary>What a text asks for. It is immutable, so any thread may read it.</summary>
/// <remarks>
/// Probabilities are those of the intents alone: they sum to 1. With a calibration beside the model they are calibrated; without one they
/// are the model's own, <see cref="PredictionSet"/> is null and nothing is abstained.
/// </remarks>
/// <example><code>
/// var result = await classifier.ClassifyAsync("茅台还能买吗");
/// if (result.IsAbstained) Console.WriteLine($"perhaps {string.Join(" or ", result.PredictionSet ?? [])}");
/// else Console.WriteLine($"{result.Intent} {result.Probability:P1}");
/// </code></example>
public sealed record IntentResult
{
    /// <summary>The most probable intent's name, the first one among equals. With <see cref="IsAbstained"/> it is a guess.</summary>
    public required string Intent { get; init; }

    /// <summary>What the model answers for it: a letter, or the name itself.</summary>
    public required string Label { get; init; }

    /// <summary>The probability of <see cref="Intent"/>, 0 to 1.</summary>
    public required double Probability { get; init; }

    /// <summary>By how much it is more probable than the next one, 0 to 1.</summary>
    public required double Margin { get; init; }

    /// <summary>Every intent's probability by its name, in the order of the intent set.</summary>
    public required IReadOnlyDictionary<string, double> Probabilities { get; init; }

    /// <summary>Whether the calibration says that the answer should not be acted upon: ask back, or pass the text to a person.</summary>
    public bool IsAbstained => AbstentionReason is not null;

    /// <summary>Why it is abstained; null where it is not.</summary>
    public AbstentionReason? AbstentionReason { get; init; }

    /// <summary>The intents among which the right one is with the calibrated coverage, the most probable first; it may be empty.</summary>
    /// <remarks>Null means that the model has no calibration.</remarks>
    public IReadOnlyList<string>? PredictionSet { get; init; }

    /// <summary>
    /// How far the text is from the calibrated questions; higher is further. Null where no calibration measures it.
    /// </summary>
    public double? OutOfScopeScore { get; init; }

    /// <summary>The tokens that the model read: instruction, options and text.</summary>
    public int Tokens { get; init; }
}
