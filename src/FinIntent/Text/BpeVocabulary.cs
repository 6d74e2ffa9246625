using System.IO.Hashing;
using System.Numerics;

namespace FinIntent.Text;

/// <summary>Maps ids to tokens' bytes and bytes to ids, in one block of memory.</summary>
sealed class BpeVocabulary
{
    // In GPT-2's byte alphabet a byte with a visible Latin-1 character is that character; the others are U+0100, U+0101, … in order.
    static readonly short[] ByteOfCharacter = BuildAlphabet();

    byte[] _bytes = new byte[1 << 20];
    int _used;
    (int Start, int Length)[] _tokens = new (int, int)[1 << 16];
    int[] _slots = new int[1 << 17]; // id + 1, by hash of the bytes
    int _found;

    /// <summary>One more than the highest id.</summary>
    public int Count { get; private set; }

    public ReadOnlySpan<byte> this[int id] => (uint)id < (uint)Count ? _bytes.AsSpan(_tokens[id].Start, _tokens[id].Length) : [];

    /// <summary>Adds a token by its name in the file. A name outside the byte alphabet stands for itself; no merge makes it.</summary>
    /// <returns>False where the id or the bytes were added before; the vocabulary is of no use then.</returns>
    public bool AddName(ReadOnlySpan<byte> name, int id)
    {
        if (this[id].Length > 0) return false;
        var start = Append(id, name);
        var length = ToBytes(name, _bytes.AsSpan(start));
        if (length < 0) return true;
        _tokens[id].Length = length;
        _used = start + length;
        if (2 * ++_found > _slots.Length) Grow();
        return Insert(id);
    }

    /// <summary>Gives an id its text; no bytes lead to it.</summary>
    public void AddLiteral(ReadOnlySpan<byte> text, int id) => Append(id, text);

    /// <summary>Returns the id of exactly these bytes; −1 when there is none.</summary>
    public int Find(ReadOnlySpan<byte> bytes)
    {
        var mask = _slots.Length - 1;
        for (var slot = (int)XxHash3.HashToUInt64(bytes) & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (this[_slots[slot] - 1].SequenceEqual(bytes)) return _slots[slot] - 1;
        return -1;
    }

    /// <summary>Writes the bytes that a name (UTF-8) stands for and returns their number, or −1 for a name outside the alphabet.</summary>
    public static int ToBytes(ReadOnlySpan<byte> name, Span<byte> bytes)
    {
        var length = 0;
        for (var i = 0; i < name.Length; i++)
        {
            int character = name[i];
            if (character >= 0x80)
            {
                if (character >= 0xE0 || i + 1 == name.Length) return -1;
                character = ((character & 0x1F) << 6) | (name[++i] & 0x3F);
            }
            if (character >= ByteOfCharacter.Length || ByteOfCharacter[character] < 0) return -1;
            bytes[length++] = (byte)ByteOfCharacter[character]; // never past what was read: source and target may be one
        }
        return length;
    }

    int Append(int id, ReadOnlySpan<byte> bytes)
    {
        if (id >= _tokens.Length) Array.Resize(ref _tokens, (int)BitOperations.RoundUpToPowerOf2((uint)id + 1));
        if (_used + bytes.Length > _bytes.Length) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _used + bytes.Length));
        var start = _used;
        bytes.CopyTo(_bytes.AsSpan(start));
        _tokens[id] = (start, bytes.Length);
        _used += bytes.Length;
        Count = Math.Max(Count, id + 1);
        return start;
    }

    void Grow()
    {
        var old = _slots;
        _slots = new int[2 * old.Length];
        foreach (var slot in old)
            if (slot != 0) Insert(slot - 1);
    }

    bool Insert(int id)
    {
        var mask = _slots.Length - 1;
        var slot = (int)XxHash3.HashToUInt64(this[id]) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (this[_slots[slot] - 1].SequenceEqual(this[id])) return false;
        _slots[slot] = id + 1;
        return true;
    }

    static short[] BuildAlphabet()
    {
        var table = new short[0x100 + 68];
        Array.Fill(table, (short)-1);
        var next = 0x100;
        for (var b = 0; b < 0x100; b++)
            table[b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174 ? b : next++] = (short)b;
        return table;
    }
}
