using FinIntent.Data.Leaks;

namespace FinIntent.Authoring;

/// <summary>Finds which of the texts added so far a new one repeats or nearly repeats (<see cref="QuestionIndex"/>).</summary>
/// <remarks>Indices hold growing parts, as the digits of a binary counter do, so that n texts are indexed log n times at most.</remarks>
sealed class GrowingIndex
{
    const int MostUnindexed = 32;

    readonly List<(IReadOnlyList<string> Texts, QuestionIndex Index)> _parts = [];
    readonly List<string> _rest = [];

    public void Add(string text)
    {
        _rest.Add(text);
        if (_rest.Count < MostUnindexed) return;
        List<string> texts = [.. _rest];
        _rest.Clear();
        while (_parts.Count > 0 && _parts[^1].Texts.Count <= texts.Count)
        {
            texts.InsertRange(0, _parts[^1].Texts);
            _parts.RemoveAt(_parts.Count - 1);
        }
        _parts.Add((texts, new(texts)));
    }

    /// <summary>Returns a text that the given one repeats; null when there is none.</summary>
    public string? Find(string text)
    {
        foreach (var (texts, index) in _parts)
            if (index.Find(text) is [var hit, ..]) return texts[hit.Question];
        return _rest.FirstOrDefault(other => other == text || AreAlike(other, text)
            || AreAlike(QuestionIndex.Plain(other), QuestionIndex.Plain(text)));
    }

    static bool AreAlike(string a, string b) => BigramIndex.Similarity(a, b) >= BigramIndex.Threshold;
}
