using FinIntent.Text;

namespace FinIntent.Generation;

/// <summary>Turns the ids of one answer into its text as they come.</summary>
sealed class AnswerWriter(TokenStream stream, StopWords stopWords)
{
    readonly StringBuilder _text = new();
    readonly Queue<(int Start, TokenReading Reading)> _held = [];
    int _decoded;
    bool _isFinished;

    public string Text => _text.ToString();
    public bool HasStopped => stopWords.HasStopped;
    public int Tokens { get; private set; }

    /// <summary>Adds a token and returns what the answer's text grows by.</summary>
    /// <param name="reading">Is given back by <see cref="TakeReadings"/> when its text has been let through; null is not.</param>
    public string Append(int id, TokenReading? reading = null)
    {
        Tokens++;
        if (reading is not null) _held.Enqueue((_decoded, reading));
        var piece = stream.Append(id);
        _decoded += piece.Length;
        return Grown(stopWords.Append(piece));
    }

    /// <summary>Returns what was held back at the end.</summary>
    public string Finish()
    {
        _isFinished = true;
        return Grown(stopWords.Append(stream.Finish()) + stopWords.Finish());
    }

    /// <summary>Returns the tokens whose text, or the beginning of it, has been let through, each once.</summary>
    public IReadOnlyList<TokenReading> TakeReadings()
    {
        if (_held.Count == 0) return [];
        List<TokenReading> taken = [];
        // A token without text, as a special one, goes with what follows it, or with the end.
        while (_held.TryPeek(out var first) && (first.Start < stopWords.Passed || (_isFinished && !HasStopped)))
            taken.Add(_held.Dequeue().Reading);
        return taken;
    }

    string Grown(string piece)
    {
        _text.Append(piece);
        return piece;
    }
}
