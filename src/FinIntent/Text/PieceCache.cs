using System.IO.Hashing;

namespace FinIntent.Text;

/// <summary>Remembers the ids of pieces seen before, without an allocation a piece. It forgets everything when it is full.</summary>
sealed class PieceCache
{
    const int Slots = 1 << 16, CharacterRoom = 1 << 19, IdRoom = 1 << 19;

    struct Entry
    {
        public int Characters, Ids; // where they start
        public short Length, Count; // 0: free
    }

    readonly Entry[] _entries = new Entry[Slots];
    readonly char[] _characters = new char[CharacterRoom];
    readonly int[] _ids = new int[IdRoom];
    int _used, _usedCharacters, _usedIds;

    /// <summary>Returns nothing when the piece is new; it then belongs into the slot.</summary>
    public ReadOnlySpan<int> Find(ReadOnlySpan<char> piece, out int slot)
    {
        slot = (int)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(piece)) & (Slots - 1);
        for (; _entries[slot].Count != 0; slot = (slot + 1) & (Slots - 1))
        {
            ref var entry = ref _entries[slot];
            if (piece.SequenceEqual(_characters.AsSpan(entry.Characters, entry.Length))) return _ids.AsSpan(entry.Ids, entry.Count);
        }
        return [];
    }

    public void Add(int slot, ReadOnlySpan<char> piece, ReadOnlySpan<int> ids)
    {
        if (2 * _used > Slots || _usedCharacters + piece.Length > CharacterRoom || _usedIds + ids.Length > IdRoom)
        {
            Array.Clear(_entries);
            (_used, _usedCharacters, _usedIds) = (0, 0, 0);
            Find(piece, out slot);
        }
        piece.CopyTo(_characters.AsSpan(_usedCharacters));
        ids.CopyTo(_ids.AsSpan(_usedIds));
        _entries[slot] = new() { Characters = _usedCharacters, Ids = _usedIds, Length = (short)piece.Length, Count = (short)ids.Length };
        _used++;
        _usedCharacters += piece.Length;
        _usedIds += ids.Length;
    }
}
