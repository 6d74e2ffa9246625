using FinIntent.Text;

namespace FinIntent.Generation;

/// <summary>Turns the ids of one answer into its text as they come.</summary>
sealed class AnswerWriter(TokenStream stream, StopWords stopWords)
{
    readonly StringBuilder _text = new();

    public string Text => _text.ToString();
    public bool HasStopped => stopWords.HasStopped;
    public int Tokens { get; private set; }

    /// <summary>Adds a token and returns what the answer's text grows by.</summary>
    public string Append(int id)
    {
        Tokens++;
        return Grown(stopWords.Append(stream.Append(id)));
    }

    /// <summary>Returns what was held back at the end.</summary>
    public string Finish() => Grown(stopWords.Append(stream.Finish()) + stopWords.Finish());

    string Grown(string piece)
    {
        _text.Append(piece);
        return piece;
    }
}
