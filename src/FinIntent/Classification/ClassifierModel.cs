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

/// <summary>Is a loaded model with the label sets that it tells apart. Encoding and reading answers are safe on any thread; the forward
/// itself is the scorer's, which one thread at a time may use.</summary>
sealed class ClassifierModel : IDisposable
{
    readonly Dictionary<string, OptionAnswers> _answers;
    readonly ClassifierSource _source;

    /// <param name="chat">The model, which is taken over.</param>
    public ClassifierModel(ChatModel chat, ClassifierSource source)
    {
        (Chat, _source) = (chat, source);
        source.Set(null); // refuses a default set that the model does not know
        Scorer = new(chat.Model, source.MaxTokensPerForward);
        _answers = Sets.ToDictionary(set => set.Name, set => OptionAnswers.For(chat.Template, set.Options.Select(o => o.Label)));
    }

    public ChatModel Chat { get; }
    public IReadOnlyList<LabelSet> Sets => _source.Sets;
    public OptionScorer Scorer { get; }

    /// <exception cref="UserErrorException">Something of the model is missing, or does not fit.</exception>
    public static ClassifierModel Load(ClassifierSource source, Device device)
    {
        var chat = ChatModel.Load(source.Chat, device);
        return chat.OrDispose(() => new ClassifierModel(chat, source));
    }

    /// <inheritdoc cref="ClassifierSource.Set"/>
    public LabelSet Set(string? name) => _source.Set(name);

    /// <summary>Encodes a text in the prompt that training used. Nothing in the text becomes a special token.</summary>
    /// <param name="history">A user's message and the answer to it, in turn.</param>
    /// <exception cref="UserErrorException">The text is empty or no valid Unicode, or the prompt is too long for the model.</exception>
    public ReadyText Encode(string text, LabelSet set, IReadOnlyList<Message>? history = null)
    {
        if (ProblemOf(text) is { } problem) throw new UserErrorException($"the text {problem}");
        foreach (var said in history ?? [])
            if (!IsUnicode(said.Content, out var at)) throw new UserErrorException($"the history {NotUnicode(at)}");
        var question = new OptionQuestion(Chat.Template.EncodePrompt(set.Conversation(text.Trim(), history)), _answers[set.Name]);
        Scorer.Check(question);
        return new(set, question);
    }

    /// <summary>Returns what a forward says about a text.</summary>
    public IntentAnswer AnswerOf(ReadyText text, OptionReading reading) =>
        IntentAnswer.Of(reading, text.Tokens, _source.Calibrations.GetValueOrDefault(text.Set.Name));

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

    public void Dispose() => Chat.Dispose();
}
