using System.Numerics;
using FinIntent.Data.Tokens;

namespace FinIntent.Data.Leaks;

/// <summary>Holds the hashes of a row's prompt and answer, which tell whether an earlier row asked the same.</summary>
/// <param name="Place">The caller's number for where the row stands.</param>
readonly record struct SeenPrompt(ulong Prompt, ulong Answer, long Place);

/// <summary>Remembers the first row of each prompt. A row's hashes are on disk, so that memory hardly grows with the rows.</summary>
/// <remarks>In memory are 8 bytes for each slot of a hash table, of which at most two thirds are taken.</remarks>
sealed class PromptIndex(string? folder = null) : IDisposable
{
    const int EntryBytes = 24;

    readonly TemporaryFile _entries = new(folder ?? Path.GetTempPath());
    ulong[] _slots = new ulong[1 << 12]; // the prompt's upper 32 bits and the entry's number + 1; 0: free
    uint _count;

    /// <summary>Returns the first row with the same prompt; null when it is this one.</summary>
    public SeenPrompt? Add(SeenPrompt row)
    {
        for (var slot = SlotOf(row.Prompt); ; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (_slots[slot] == 0)
            {
                Insert(slot, row);
                return null;
            }
            if (_slots[slot] >> 32 == row.Prompt >> 32 && Read((uint)_slots[slot] - 1) is var seen && seen.Prompt == row.Prompt)
                return seen;
        }
    }

    void Insert(int slot, SeenPrompt row)
    {
        _entries.Append(MemoryMarshal.AsBytes(MemoryMarshal.CreateReadOnlySpan(ref row, 1)));
        _slots[slot] = (row.Prompt >> 32 << 32) | ++_count;
        if (3L * _count > 2L * _slots.Length) Grow();
    }

    SeenPrompt Read(uint entry)
    {
        SeenPrompt seen = default;
        _entries.Flush().ReadAll(MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref seen, 1)), (long)entry * EntryBytes);
        return seen;
    }

    void Grow()
    {
        var old = _slots;
        _slots = new ulong[2 * old.Length];
        foreach (var entry in old)
        {
            if (entry == 0) continue;
            var slot = SlotOf(entry);
            while (_slots[slot] != 0) slot = (slot + 1) & (_slots.Length - 1);
            _slots[slot] = entry;
        }
    }

    // The slot is chosen by bits that it keeps, so that a grown table can place it again.
    int SlotOf(ulong prompt) => (int)(prompt >> (64 - BitOperations.Log2((uint)_slots.Length)));

    public void Dispose() => _entries.Dispose();
}
