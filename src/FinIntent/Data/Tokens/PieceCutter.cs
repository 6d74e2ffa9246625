using FinIntent.Text;

namespace FinIntent.Data.Tokens;

/// <summary>Lays texts end to end and cuts them into rows of one length, as pre-training reads them; every token is a label.</summary>
sealed class PieceCutter(int length, Action<TokenRow> add)
{
    readonly List<int> _rest = [];

    public void Add(ReadOnlySpan<int> tokens)
    {
        while (_rest.Count + tokens.Length >= length)
        {
            var taken = length - _rest.Count;
            _rest.AddRange(tokens[..taken]);
            tokens = tokens[taken..];
            Emit();
        }
        _rest.AddRange(tokens);
    }

    /// <summary>Makes a shorter row of what is left; a single token makes none, because nothing predicts it.</summary>
    public void Finish()
    {
        if (_rest.Count > 1) Emit();
        _rest.Clear();
    }

    void Emit()
    {
        int[] ids = [.. _rest];
        add(new(ids, ids));
        _rest.Clear();
    }
}
