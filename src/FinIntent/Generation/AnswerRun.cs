using FinIntent.Text;

namespace FinIntent.Generation;

/// <summary>Says why an answer ended.</summary>
enum AnswerEnd
{
    /// <summary>The model ended it, or a stop word came.</summary>
    Stop,

    /// <summary>It was as long as it may be.</summary>
    Length,
}

/// <summary>Is one answer that is being written, a token a step. One thread at a time may use it.</summary>
sealed class AnswerRun : IDisposable
{
    readonly AnswerWriter _writer;
    readonly TokenGeneration _tokens;
    readonly int _room;
    string _piece = "";

    /// <exception cref="UserErrorException">The prompt leaves no room for an answer.</exception>
    public AnswerRun(ChatModel chat, Conversation conversation, long seed, AnswerOptions options)
        : this(chat, chat.Template.EncodePrompt(conversation), [.. chat.Template.StopTokenIds], seed, options)
    {
    }

    AnswerRun(ChatModel chat, int[] prompt, HashSet<int> ends, long seed, AnswerOptions options)
    {
        PromptTokens = prompt.Length;
        _room = (options.MaxLength ?? int.MaxValue) - prompt.Length;
        _writer = new(chat.Tokenizer.Stream(options.SkipSpecialTokens), new(options.StopWords, options.KeepsLeadingBlanks));
        var generator = new TokenGenerator(chat.Model, options.Sampling, chat.Tokenizer.VocabularySize, options.TopLogProbabilities)
        {
            Adapter = options.Adapter,
        };
        _tokens = generator.Begin([new(prompt, seed)], new(ends, options.MaxNewTokens), (_, id) => Append(id));
    }

    /// <summary>Continues a text that is no chat.</summary>
    /// <exception cref="UserErrorException">The text leaves no room for more.</exception>
    public static AnswerRun OfText(ChatModel chat, string text, long seed, AnswerOptions options)
    {
        HashSet<int> ends = [.. chat.Template.StopTokenIds];
        if (chat.Template.EndOfTextId is { } end) ends.Add(end);
        return new(chat, chat.Template.EncodeText(text), ends, seed, options);
    }

    public int PromptTokens { get; }

    /// <summary>The answer's tokens so far, with those of a stop word.</summary>
    public int Tokens => _writer.Tokens;

    /// <summary>Why the answer has ended; null means that it goes on.</summary>
    public AnswerEnd? End { get; private set; }

    /// <summary>Makes a token and returns what the answer grows by.</summary>
    public AnswerPiece Step()
    {
        _piece = "";
        var before = Tokens;
        if (!_tokens.Step())
        {
            _piece += _writer.Finish();
            // The last step without a token met an end token; one with a token met a stop word or a limit.
            End = _writer.HasStopped || Tokens == before ? AnswerEnd.Stop : AnswerEnd.Length;
        }
        return new(_piece, _writer.TakeReadings());
    }

    bool Append(int id)
    {
        _piece = _writer.Append(id, _tokens.ReadingOf(0));
        return !_writer.HasStopped && _writer.Tokens < _room;
    }

    public void Dispose() => _tokens.Dispose();
}
