using System.Numerics;

namespace FinIntent.Text;

/// <summary>Merges the bytes of pre-tokens. Each thread needs its own, since it has scratch space and remembers what it has seen.</summary>
sealed class BpeEncoder
{
    const int LongPiece = 256;   // bytes; above it a queue finds the next merge, below it a scan is faster
    const int LongestKept = 48;  // characters

    readonly TokenizerJson _model;
    readonly BpeVocabulary _vocabulary;
    readonly MergeTable _merges;
    readonly int[] _idOfByte;
    // a text has few pairs, so they stay near where the table of all merges does not
    readonly (int Rank, int Merged)[] _bytePairs = new (int, int)[0x10000];
    readonly PieceCache _cache = new();
    readonly List<int> _ends = [];
    readonly int[] _ranks = new int[LongPiece], _merged = new int[LongPiece];
    int[] _symbols = new int[LongPiece];
    byte[] _bytes = new byte[4 * LongPiece];

    public BpeEncoder(TokenizerJson model)
    {
        (_model, _vocabulary, _merges) = (model, model.Vocabulary, model.Merges);
        _idOfByte = [.. Enumerable.Range(0, 0x100).Select(b => model.Vocabulary.Find([(byte)b]))];
        for (var pair = 0; pair < _bytePairs.Length; pair++)
        {
            var rank = _merges.Rank(_idOfByte[pair >> 8], _idOfByte[pair & 0xFF], out var merged);
            _bytePairs[pair] = (rank, merged);
        }
    }

    public void Encode(string text, List<int> ids)
    {
        _ends.Clear();
        _model.PreTokenizer.Split(text, _ends);
        var start = 0;
        foreach (var end in _ends)
        {
            var piece = text.AsSpan(start, end - start);
            start = end;
            if (piece.Length > LongestKept) ids.AddRange(Merge(piece));
            else if (_cache.Find(piece, out var slot) is { IsEmpty: false } known) ids.AddRange(known);
            else
            {
                var merged = Merge(piece);
                ids.AddRange(merged);
                _cache.Add(slot, piece, merged);
            }
        }
    }

    ReadOnlySpan<int> Merge(ReadOnlySpan<char> piece)
    {
        if (3 * piece.Length > _bytes.Length) _bytes = new byte[3 * piece.Length];
        var bytes = _bytes.AsSpan(0, Encoding.UTF8.GetBytes(piece, _bytes)); // half a surrogate pair becomes U+FFFD
        if (bytes.Length > _symbols.Length) _symbols = new int[bytes.Length];
        if (_model.IgnoreMerges && _vocabulary.Find(bytes) is >= 0 and var whole)
        {
            _symbols[0] = whole;
            return _symbols.AsSpan(0, 1);
        }
        for (var i = 0; i < bytes.Length; i++) _symbols[i] = _idOfByte[bytes[i]];
        var count = bytes.Length <= LongPiece ? MergeByScan(bytes) : MergeByQueue(bytes.Length);
        return _symbols.AsSpan(0, count);
    }

    /// <summary>Merges always the pair of lowest rank, the leftmost of equals.</summary>
    int MergeByScan(ReadOnlySpan<byte> bytes)
    {
        var count = bytes.Length;
        var symbols = _symbols.AsSpan();
        Span<int> ranks = _ranks, merged = _merged;
        for (var i = 0; i + 1 < count; i++) (ranks[i], merged[i]) = _bytePairs[(bytes[i] << 8) | bytes[i + 1]];
        while (count > 1)
        {
            var rank = Least(ranks[..(count - 1)]);
            if (rank == MergeTable.NoMerge) break;
            var best = ranks.IndexOf(rank);

            symbols[best] = merged[best];
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            if (best + 2 < count)
            {
                ranks[(best + 2)..(count - 1)].CopyTo(ranks[(best + 1)..]);
                merged[(best + 2)..(count - 1)].CopyTo(merged[(best + 1)..]);
            }
            count--;
            if (best > 0) ranks[best - 1] = _merges.Rank(symbols[best - 1], symbols[best], out merged[best - 1]);
            if (best + 1 < count) ranks[best] = _merges.Rank(symbols[best], symbols[best + 1], out merged[best]);
        }
        return count;
    }

    static int Least(ReadOnlySpan<int> values)
    {
        var least = int.MaxValue;
        if (values.Length >= Vector<int>.Count)
        {
            var all = new Vector<int>(values[^Vector<int>.Count..]);
            for (var i = 0; i + Vector<int>.Count < values.Length; i += Vector<int>.Count)
                all = Vector.Min(all, new Vector<int>(values[i..]));
            for (var i = 0; i < Vector<int>.Count; i++) least = Math.Min(least, all[i]);
            return least;
        }
        foreach (var value in values) least = Math.Min(least, value);
        return least;
    }

    int MergeByQueue(int count)
    {
        var (next, previous) = (new int[count], new int[count]);
        for (var i = 0; i < count; i++) (next[i], previous[i]) = (i + 1, i - 1);
        var queue = new PriorityQueue<(int At, int Left, int Right, int Merged), long>(
            Enumerable.Range(0, count - 1).Select(Candidate).Where(pair => pair.Item2 != long.MaxValue));

        while (queue.TryDequeue(out var pair, out _))
        {
            var (at, right) = (pair.At, next[pair.At]);
            // The pair was queued before a merge changed one of the two (a dead symbol is −1).
            if (right >= count || _symbols[at] != pair.Left || _symbols[right] != pair.Right) continue;
            _symbols[at] = pair.Merged;
            _symbols[right] = -1;
            next[at] = next[right];
            if (next[at] < count) previous[next[at]] = at;
            if (previous[at] >= 0) Enqueue(previous[at]);
            if (next[at] < count) Enqueue(at);
        }

        var kept = 0;
        for (var i = 0; i < count; i = next[i]) _symbols[kept++] = _symbols[i];
        return kept;

        void Enqueue(int at)
        {
            var (pair, priority) = Candidate(at);
            if (priority != long.MaxValue) queue.Enqueue(pair, priority);
        }

        ((int, int, int, int), long) Candidate(int at)
        {
            var (left, right) = (_symbols[at], _symbols[next[at]]);
            var rank = _merges.Rank(left, right, out var merged);
            return ((at, left, right, merged), rank == MergeTable.NoMerge ? long.MaxValue : ((long)rank << 32) | (uint)at);
        }
    }
}
