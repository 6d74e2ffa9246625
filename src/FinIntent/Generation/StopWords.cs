namespace FinIntent.Generation;

/// <summary>Cuts a growing answer at the first stop word, and leading blanks off its front (ChatGLM3's begin with a line break).</summary>
/// <remarks>Text that may turn out to be the beginning of a stop word is held back until it is known.</remarks>
/// <param name="keepsBlanks">Leaves leading blanks as they are.</param>
sealed class StopWords(IReadOnlyList<string> words, bool keepsBlanks = false)
{
    readonly StringBuilder _held = new();
    bool _hasBegun = keepsBlanks;

    /// <summary>Says whether a stop word has come; nothing is let through from then on.</summary>
    public bool HasStopped { get; private set; }

    /// <summary>How many characters of the pieces are done with: let through, or cut off the front.</summary>
    public int Passed { get; private set; }

    /// <summary>Returns the part of the text so far that is certain and has not been returned before.</summary>
    public string Append(string piece)
    {
        if (HasStopped) return "";
        _held.Append(piece);
        var text = _held.ToString();
        var at = words.Select(word => text.IndexOf(word, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        HasStopped = at >= 0;
        var certain = HasStopped ? at : text.Length - words.Select(word => Overlap(text, word)).DefaultIfEmpty(0).Max();
        _held.Remove(0, certain);
        Passed += certain;
        return Begun(text[..certain]);
    }

    /// <summary>Returns what was held back when the answer ends without a stop word.</summary>
    public string Finish()
    {
        if (HasStopped) return "";
        Passed += _held.Length;
        var rest = Begun(_held.ToString());
        _held.Clear();
        return rest;
    }

    string Begun(string text)
    {
        if (!_hasBegun) text = text.TrimStart();
        _hasBegun |= text.Length > 0;
        return text;
    }

    /// <summary>Returns how many characters at the end of the text are a beginning of the word.</summary>
    static int Overlap(string text, string word)
    {
        for (var length = Math.Min(text.Length, word.Length - 1); length > 0; length--)
            if (text.AsSpan().EndsWith(word.AsSpan(0, length), StringComparison.Ordinal)) return length;
        return 0;
    }
}
