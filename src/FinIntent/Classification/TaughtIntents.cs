using FinIntent.Calibration;
using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Text;

namespace FinIntent.Classification;

/// <summary>A text of which a label set's intents are wanted, ready for the model.</summary>
/// <param name="Question">The token ids of the prompt and of the labels.</param>
sealed record ReadyText(LabelSet Set, OptionQuestion Question)
{
    public int Tokens => Question.Prompt.Length;
}

/// <summary>Holds what a training taught besides weights: label sets, the words they are asked in, the template and calibrations. It turns
/// texts into questions and readings into answers, on any thread.</summary>
sealed class TaughtIntents
{
    /// <summary>Texts that have no beginning in common.</summary>
    static readonly string[] Probes = ["?", "茅台", "how", "1"];

    readonly Dictionary<string, OptionAnswers> _answers;
    readonly ClassifierSource _source;

    public TaughtIntents(ChatTemplate template, ClassifierSource source)
    {
        (Template, _source) = (template, source);
        if (Sets.Count > 0) source.Set(null); // refuses a default set that the model does not know
        _answers = Sets.ToDictionary(set => set.Name, set => OptionAnswers.For(template, set.Options.Select(o => o.Label)));
    }

    public ChatTemplate Template { get; }
    public IReadOnlyList<LabelSet> Sets => _source.Sets;

    /// <inheritdoc cref="ClassifierSource.Set"/>
    public LabelSet Set(string? name) => _source.Set(name);

    /// <summary>The calibration of a set's answers; null where there is none.</summary>
    public IntentCalibration? CalibrationOf(LabelSet set) => _source.Calibrations.GetValueOrDefault(set.Name);

    /// <summary>Encodes a text in the prompt that training used. Nothing in the text becomes a special token.</summary>
    /// <param name="history">A user's message and the answer to it, in turn.</param>
    /// <exception cref="UserErrorException">The text is empty or no valid Unicode.</exception>
    public ReadyText Encode(string text, LabelSet set, IReadOnlyList<Message>? history = null)
    {
        if (ProblemOf(text) is { } problem) throw new UserErrorException($"the text {problem}");
        foreach (var said in history ?? [])
            if (!IsUnicode(said.Content, out var at)) throw new UserErrorException($"the history {NotUnicode(at)}");
        return new(set, new(Template.EncodePrompt(set.Conversation(text.Trim(), history)), _answers[set.Name]));
    }

    /// <summary>Returns the ids that the prompts of a set begin with, whatever the text. A text whose first letters melt into the words
    /// before it has fewer of them.</summary>
    public int[] BeginningOf(LabelSet set)
    {
        int[][] prompts = [.. Probes.Select(text => Template.EncodePrompt(set.Conversation(text)))];
        return prompts[0][..prompts.Min(prompt => prompt.AsSpan().CommonPrefixLength(prompts[0]))];
    }

    /// <summary>Returns what a forward says about a text.</summary>
    public IntentAnswer AnswerOf(ReadyText text, OptionReading reading) => IntentAnswer.Of(reading, text.Tokens, CalibrationOf(text.Set));

    static string? ProblemOf(string text) =>
        string.IsNullOrWhiteSpace(text) ? "is empty; there is nothing to classify" : IsUnicode(text, out var at) ? null : NotUnicode(at);

    internal static string NotUnicode(int at) =>
        $"is no valid Unicode: half of a surrogate pair stands at character {at + 1}; repair where it comes from";

    internal static bool IsUnicode(string text, out int at)
    {
        for (at = 0; at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at])) continue;
            if (at + 1 == text.Length || !char.IsSurrogatePair(text[at], text[at + 1])) return false;
            at++;
        }
        return true;
    }
}
