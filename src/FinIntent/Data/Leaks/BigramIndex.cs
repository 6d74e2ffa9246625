namespace FinIntent.Data.Leaks;

/// <summary>Finds all texts whose character bigrams have a Jaccard similarity |shared| / |either| of 3/5 or more with a text's.</summary>
/// <remarks>Sets so alike share one of their rarest bigrams (prefix filtering, https://doi.org/10.1145/1242572.1242591), so only those are
/// looked up; every hit is then counted exactly, in whole numbers, so that nothing is missed. It is thread-safe.</remarks>
sealed class BigramIndex
{
    public const double Threshold = 0.6;

    readonly Dictionary<int, int> _ranks = [];
    readonly List<int>[] _postings;
    readonly int[][] _texts;

    public BigramIndex(IReadOnlyList<string> texts)
    {
        var sets = texts.Select(BigramsOf).ToList();
        Dictionary<int, int> counts = [];
        foreach (var bigram in sets.SelectMany(set => set)) CollectionsMarshal.GetValueRefOrAddDefault(counts, bigram, out _)++;
        foreach (var (rank, bigram) in counts.OrderBy(c => (c.Value, c.Key)).Select(c => c.Key).Index()) _ranks[bigram] = rank;

        _postings = new List<int>[counts.Count];
        _texts = [.. sets.Select(set => set.Select(bigram => _ranks[bigram]).Order().ToArray())];
        foreach (var (i, ranks) in _texts.Index())
            foreach (var rank in ranks.AsSpan(0, Looked(ranks.Length))) (_postings[rank] ??= []).Add(i);
    }

    /// <summary>Returns the numbers of the alike texts, in ascending order, and their similarities.</summary>
    public IReadOnlyList<(int Text, double Similarity)> Find(string text)
    {
        var bigrams = BigramsOf(text);
        var looked = Looked(bigrams.Length);
        var ranks = new int[bigrams.Length];
        var known = 0;
        foreach (var bigram in bigrams)
            if (_ranks.TryGetValue(bigram, out var rank)) ranks[known++] = rank;
        // Bigrams that no text has are the rarest of all.
        looked -= bigrams.Length - known;
        if (looked <= 0) return [];
        Array.Sort(ranks, 0, known);

        List<int> candidates = [];
        foreach (var rank in ranks.AsSpan(0, looked))
            if (_postings[rank] is { } posting) candidates.AddRange(posting);
        candidates.Sort();
        List<(int, double)> found = [];
        var previous = -1;
        foreach (var i in candidates)
        {
            if (i == previous) continue;
            previous = i;
            var (shared, both) = (Shared(ranks.AsSpan(0, known), _texts[i]), bigrams.Length + _texts[i].Length);
            if (IsAlike(shared, both)) found.Add((i, (double)shared / (both - shared)));
        }
        return found;
    }

    public static double Similarity(string a, string b)
    {
        int[] first = BigramsOf(a), second = BigramsOf(b);
        var shared = Shared(first, second);
        return first.Length + second.Length == 0 ? 0 : (double)shared / (first.Length + second.Length - shared);
    }

    // shared / (both − shared) ≥ 3/5
    static bool IsAlike(int shared, int both) => both > 0 && 8 * shared >= 3 * both;

    /// <summary>Returns how many of a set's rarest bigrams must be looked up: all but three fifths (rounded up), and one.</summary>
    static int Looked(int size) => size - (3 * size + 4) / 5 + Math.Min(size, 1);

    /// <summary>Returns a text's bigrams in ascending order; a text of one character counts as a bigram of its own.</summary>
    static int[] BigramsOf(string text)
    {
        if (text.Length == 1) return [text[0]];
        var bigrams = new int[Math.Max(0, text.Length - 1)];
        for (var i = 0; i < bigrams.Length; i++) bigrams[i] = (text[i] << 16) | text[i + 1];
        Array.Sort(bigrams);
        var count = 0;
        foreach (var bigram in bigrams)
            if (count == 0 || bigrams[count - 1] != bigram) bigrams[count++] = bigram;
        return count == bigrams.Length ? bigrams : bigrams[..count];
    }

    static int Shared(ReadOnlySpan<int> a, ReadOnlySpan<int> b)
    {
        int shared = 0, i = 0, j = 0;
        while (i < a.Length && j < b.Length)
        {
            if (a[i] == b[j]) shared++;
            var step = a[i].CompareTo(b[j]);
            if (step <= 0) i++;
            if (step >= 0) j++;
        }
        return shared;
    }
}
