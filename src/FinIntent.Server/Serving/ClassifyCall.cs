using FinIntent.Classification;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Server.Serving;

/// <summary>A text to classify.</summary>
/// <param name="History">The turns before it: a user's message and the answer to it, in turn; null means none.</param>
/// <param name="Id">What the caller knows it by.</param>
sealed record AskedText(string Text, IReadOnlyList<Message>? History = null, string? Id = null);

/// <summary>Says what a request wants classified, whatever route it came by.</summary>
sealed record ClassifyCall(IReadOnlyList<AskedText> Texts)
{
    /// <summary>The model or adapter; null: the default.</summary>
    public string? Model { get; init; }

    /// <summary>The label set; null: the first.</summary>
    public string? IntentSet { get; init; }

    /// <summary>The labels or intents to choose from; null: all of the set.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>False answers with the model's own probabilities.</summary>
    public bool IsCalibrated { get; init; } = true;

    /// <summary>Below this probability an answer is withheld, whatever the calibration says; null: no such bound.</summary>
    public double? Threshold { get; init; }

    /// <summary>The side that is cut of a text too long for the model; null: it is refused.</summary>
    public TextCut? Cut { get; init; }

    /// <summary>How long the answer is of use; null: the server's own.</summary>
    public TimeSpan? Deadline { get; init; }
}

/// <summary>What a text was found to be.</summary>
/// <param name="Options">The options that it was chosen from, in their order.</param>
/// <param name="Answer">Numbers in the order of the options.</param>
sealed record ClassifiedText(AskedText Asked, IReadOnlyList<IntentOption> Options, IntentAnswer Answer)
{
    /// <summary>Null where nothing could withhold the answer: there is no calibration and no threshold.</summary>
    public bool? IsAbstained { get; init; }
    public IntentOption Best => Options[Answer.Best];
    public double Probability => Answer.Probabilities[Answer.Best];
}

/// <summary>The answer to a <see cref="ClassifyCall"/>.</summary>
sealed record Classified(ServedVersion Version, LabelSet Set, IReadOnlyList<ClassifiedText> Texts)
{
    public int Tokens => Texts.Sum(text => text.Answer.Tokens);
    public bool IsCalibrated { get; init; }
}
