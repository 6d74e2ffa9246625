using FinIntent.Generation;
using FinIntent.Intents;
using FinIntent.Lora;
using FinIntent.Text;

namespace FinIntent.Classification;

/// <summary>Is a loaded model with the label sets that it tells apart. Encoding and reading answers are safe on any thread; the forward
/// itself is the scorer's, which one thread at a time may use.</summary>
sealed class ClassifierModel : IDisposable
{
    /// <param name="chat">The model, which is taken over.</param>
    public ClassifierModel(ChatModel chat, ClassifierSource source)
    {
        (Chat, Taught) = (chat, new(chat.Template, source));
        if (source.KeptBytes > 0) Kept = new(chat.Model, source.KeptBytes);
        Scorer = new(chat.Model, source.MaxTokensPerForward, Kept);
        foreach (var set in Sets) Keep(Taught, set, null);
    }

    public ChatModel Chat { get; }
    public TaughtIntents Taught { get; }
    public IReadOnlyList<LabelSet> Sets => Taught.Sets;

    /// <summary>What prompts begin with, kept between forwards; null where nothing is.</summary>
    public KeptBeginnings? Kept { get; }
    public OptionScorer Scorer { get; }

    /// <exception cref="UserErrorException">Something of the model is missing, or does not fit.</exception>
    public static ClassifierModel Load(ClassifierSource source, Device device)
    {
        var chat = ChatModel.Load(source.Chat, device);
        return chat.OrDispose(() => new ClassifierModel(chat, source));
    }

    /// <summary>Keeps what the prompts of a set begin with from its next forward on.</summary>
    /// <remarks>On a GPU this is for adapters: rows without one share their beginning inside each forward, and a lone row waits for the
    /// weights and not for its tokens (docs/log.md).</remarks>
    public void Keep(TaughtIntents taught, LabelSet set, AdapterWeights? adapter)
    {
        if (adapter is not null || Chat.Model.Placement.Device.type == DeviceType.CPU) Kept?.Add(adapter, taught.BeginningOf(set));
    }

    /// <inheritdoc cref="ClassifierSource.Set"/>
    public LabelSet Set(string? name) => Taught.Set(name);

    /// <inheritdoc cref="TaughtIntents.Encode"/>
    /// <exception cref="UserErrorException">The text is empty or no valid Unicode, or the prompt is too long for the model.</exception>
    public ReadyText Encode(string text, LabelSet set, IReadOnlyList<Message>? history = null)
    {
        var ready = Taught.Encode(text, set, history);
        Scorer.Check(ready.Question);
        return ready;
    }

    /// <inheritdoc cref="TaughtIntents.AnswerOf"/>
    public IntentAnswer AnswerOf(ReadyText text, OptionReading reading) => Taught.AnswerOf(text, reading);

    public void Dispose()
    {
        Kept?.Dispose();
        Chat.Dispose();
    }
}
