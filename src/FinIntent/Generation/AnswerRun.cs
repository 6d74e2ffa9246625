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
    {
        var prompt = chat.Template.EncodePrompt(conversation);
        PromptTokens = prompt.Length;
        _room = (options.MaxLength ?? int.MaxValue) - prompt.Length;
        _writer = new(chat.Tokenizer.Stream(options.SkipSpecialTokens), new(options.StopWords));
        _tokens = new TokenGenerator(chat.Model, options.Sampling, chat.Tokenizer.VocabularySize, options.Adapter)
            .Begin([new(prompt, seed)], new(chat.Template.StopTokenIds.ToHashSet(), options.MaxNewTokens), (_, id) => Append(id));
    }

    public int PromptTokens { get; }

    /// <summary>The answer's tokens so far, with those of a stop word.</summary>
    public int Tokens => _writer.Tokens;

    /// <summary>Why the answer has ended; null means that it goes on.</summary>
    public AnswerEnd? End { get; private set; }

    /// <summary>Makes a token and returns what the text grows by: nothing while a letter or a stop word may be incomplete.</summary>
    public string Step()
    {
        _piece = "";
        var before = Tokens;
        if (_tokens.Step()) return _piece;
        _piece += _writer.Finish();
        // The last step without a token met an end token; one with a token met a stop word or a limit.
        End = _writer.HasStopped || Tokens == before ? AnswerEnd.Stop : AnswerEnd.Length;
        return _piece;
    }

    bool Append(int id)
    {
        _piece = _writer.Append(id);
        return !_writer.HasStopped && _writer.Tokens < _room;
    }

    public void Dispose() => _tokens.Dispose();
}
