using System.Numerics;

namespace FinIntent.Text;

/// <summary>Says which two tokens merge, into what, and how early.</summary>
sealed class MergeTable
{
    struct Entry
    {
        public ulong Key; // pair + 1; 0: free
        public int Rank;
        public int Merged;
    }

    readonly Entry[] _entries;
    readonly int _shift;

    public MergeTable(IReadOnlyList<(int Left, int Right, int Merged)> merges)
    {
        var size = BitOperations.RoundUpToPowerOf2((uint)Math.Max(2 * merges.Count, 16));
        _entries = new Entry[size];
        _shift = 64 - BitOperations.Log2(size);
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right, merged) = merges[rank];
            ref var entry = ref Find(Key(left, right));
            entry = new() { Key = Key(left, right), Rank = rank, Merged = merged };
        }
    }

    public const int NoMerge = int.MaxValue;

    /// <summary>Returns the rank of a pair, <see cref="NoMerge"/> when it does not merge.</summary>
    public int Rank(int left, int right, out int merged)
    {
        ref var entry = ref Find(Key(left, right));
        merged = entry.Merged;
        return entry.Key == 0 ? NoMerge : entry.Rank;
    }

    static ulong Key(int left, int right) => (((ulong)(uint)left << 32) | (uint)right) + 1;

    ref Entry Find(ulong key)
    {
        var slot = (int)((key * 0x9E3779B97F4A7C15) >> _shift);
        while (_entries[slot].Key != key && _entries[slot].Key != 0) slot = (slot + 1) & (_entries.Length - 1);
        return ref _entries[slot];
    }
}
