using System.Runtime.InteropServices;

namespace FinIntent.EmbeddedModel.Sources;

/// <summary>Sets of character bigrams, found by the bigrams they share with a text.</summary>
sealed class BigramIndex
{
    readonly Dictionary<int, List<int>> _postings = [];
    readonly List<int> _sizes = [];
    readonly HashSet<int> _bigrams = [];
    int[] _shared = [];

    public void Add(string text)
    {
        Collect(text);
        foreach (var bigram in _bigrams)
        {
            ref var rows = ref CollectionsMarshal.GetValueRefOrAddDefault(_postings, bigram, out _);
            (rows ??= []).Add(_sizes.Count);
        }
        _sizes.Add(_bigrams.Count);
    }

    /// <summary>The highest Jaccard similarity |shared| / |either| with any set; 0 when a text has no bigram.</summary>
    public double HighestSimilarity(string text)
    {
        if (_shared.Length != _sizes.Count) _shared = new int[_sizes.Count];
        Array.Clear(_shared);
        Collect(text);
        var highest = 0.0;
        foreach (var bigram in _bigrams)
        {
            if (!_postings.TryGetValue(bigram, out var rows)) continue;
            foreach (var row in rows)
            {
                var shared = ++_shared[row];
                highest = Math.Max(highest, (double)shared / (_sizes[row] + _bigrams.Count - shared));
            }
        }
        return highest;
    }

    void Collect(string text)
    {
        _bigrams.Clear();
        for (var i = 1; i < text.Length; i++) _bigrams.Add((text[i - 1] << 16) | text[i]);
    }
}
