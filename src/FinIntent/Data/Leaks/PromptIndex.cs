using System.Numerics;
using FinIntent.Data.Tokens;

namespace FinIntent.Data.Leaks;

/// <summary>Prompts and answers as hashes, with where they stand: enough to tell whether a row before asked the same.</summary>
/// <param name="Place">Numbered by whoever asks.</param>
readonly record struct SeenPrompt(ulong Prompt, ulong Answer, long Place);

/// <summary>
/// The first row of each prompt. What is known of a row is on disk; in memory are 8 bytes a slot, at most two thirds of which are taken, so
/// that memory hardly grows with the rows.
/// </summary>
sealed class PromptIndex(string? folder = null) : IDisposable
{
    const int EntryBytes = 24;

    readonly TemporaryFile _entries = new(folder ?? Path.GetTempPath());
    ulong[] _slots = new ulong[1 << 12]; // the prompt's upper 32 bits and the entry's number + 1; 0: free
    uint _count;

    /// <summary>The first row with the same prompt; null when it is this one.</summary>
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

    // By bits that the slot itself keeps.
    int SlotOf(ulong prompt) => (int)(prompt >> (64 - BitOperations.Log2((uint)_slots.Length)));

    public void Dispose() => _entries.Dispose();
}
