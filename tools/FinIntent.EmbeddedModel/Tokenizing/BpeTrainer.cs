using System.Runtime.InteropServices;
using System.Text;

namespace FinIntent.EmbeddedModel.Tokenizing;

/// <summary>
/// Learns byte-level BPE merges (Sennrich et al., https://arxiv.org/abs/1508.07909): the most frequent pair of neighbours becomes a
/// token, again and again. Given characters become tokens first. Counts are kept up to date word by word, and equal counts go to the
/// pair with the lower ids, so the same words give the same merges in any order.
/// </summary>
sealed class BpeTrainer
{
    readonly int _size;
    readonly int _maxTokenBytes;
    readonly Vocabulary _vocabulary = new();
    readonly List<int[]> _words = [];
    readonly List<long> _weights = [];
    readonly Dictionary<(int Left, int Right), long> _pairCounts = [];
    readonly Dictionary<(int Left, int Right), List<int>> _pairWords = [];
    readonly PriorityQueue<((int Left, int Right) Pair, long Count), (long, int, int)> _queue = new();

    BpeTrainer(int size, int maxTokenBytes) => (_size, _maxTokenBytes) = (size, maxTokenBytes);

    public static Vocabulary Train(
        IReadOnlyDictionary<string, long> words, IEnumerable<string> characters, int size, int maxTokenBytes)
    {
        var trainer = new BpeTrainer(size, maxTokenBytes);
        foreach (var character in characters) trainer.AddCharacter(character);
        trainer.Count(words);
        trainer.Learn();
        return trainer._vocabulary;
    }

    void AddCharacter(string character)
    {
        var bytes = Encoding.UTF8.GetBytes(character);
        var token = (int)bytes[0];
        // Room for the whole character or none of it: a lone prefix helps nobody.
        if (_vocabulary.Tokens.Count + bytes.Length - 1 > _size) return;
        foreach (var next in bytes.AsSpan(1)) token = _vocabulary.Merged(token, next) ?? _vocabulary.Merge(token, next);
    }

    void Count(IReadOnlyDictionary<string, long> words)
    {
        foreach (var (word, count) in words)
        {
            var tokens = _vocabulary.Encode(word);
            if (tokens.Length < 2) continue;
            for (var i = 1; i < tokens.Length; i++) Change((tokens[i - 1], tokens[i]), count, _words.Count);
            _words.Add(tokens);
            _weights.Add(count);
        }
        foreach (var (pair, count) in _pairCounts) Enqueue(pair, count);
    }

    void Learn()
    {
        HashSet<(int, int)> changed = [];
        while (_vocabulary.Tokens.Count < _size && _queue.TryDequeue(out var best, out _))
        {
            var current = _pairCounts.GetValueOrDefault(best.Pair);
            if (current != best.Count || current < 2) continue; // an entry with the current count is in the queue too
            var token = _vocabulary.Merge(best.Pair.Left, best.Pair.Right);
            var words = _pairWords[best.Pair];
            words.Sort();
            changed.Clear();
            for (var i = 0; i < words.Count; i++)
                if (i == 0 || words[i] != words[i - 1]) Replace(words[i], best.Pair, token, changed);
            _pairCounts.Remove(best.Pair);
            _pairWords.Remove(best.Pair);
            foreach (var pair in changed) Enqueue(pair, _pairCounts.GetValueOrDefault(pair));
        }
    }

    void Replace(int word, (int Left, int Right) pair, int token, HashSet<(int, int)> changed)
    {
        var before = _words[word];
        var after = Vocabulary.Replace(before, pair, token);
        if (after.Length == before.Length) return;
        var weight = _weights[word];
        var same = before.AsSpan().CommonPrefixLength(after);
        var tail = 0;
        while (tail < after.Length - same && before[^(tail + 1)] == after[^(tail + 1)]) tail++;
        for (var i = Math.Max(same, 1); i <= before.Length - tail && i < before.Length; i++) Note((before[i - 1], before[i]), -weight);
        for (var i = Math.Max(same, 1); i <= after.Length - tail && i < after.Length; i++) Note((after[i - 1], after[i]), weight);
        _words[word] = after;

        void Note((int Left, int Right) neighbours, long by)
        {
            if (Change(neighbours, by, word, isNew: neighbours.Left == token || neighbours.Right == token)) changed.Add(neighbours);
        }
    }

    bool Change((int Left, int Right) pair, long by, int word, bool isNew = true)
    {
        if (!_vocabulary.MayMerge(pair.Left, pair.Right, _maxTokenBytes)) return false;
        CollectionsMarshal.GetValueRefOrAddDefault(_pairCounts, pair, out _) += by;
        if (isNew && by > 0)
        {
            ref var words = ref CollectionsMarshal.GetValueRefOrAddDefault(_pairWords, pair, out _);
            words ??= [];
            if (words.Count == 0 || words[^1] != word) words.Add(word);
        }
        return true;
    }

    void Enqueue((int Left, int Right) pair, long count)
    {
        if (count > 0) _queue.Enqueue((pair, count), (-count, pair.Left, pair.Right));
    }
}
