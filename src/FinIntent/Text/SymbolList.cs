namespace FinIntent.Text;

/// <summary>Holds the symbols of a text that is being merged: a linked list over stretches of it, in arrays.</summary>
sealed class SymbolList(int capacity)
{
    public int Count { get; private set; }
    public int[] Start { get; } = new int[capacity];

    /// <summary>The lengths in characters; 0 means that the symbol before has swallowed it.</summary>
    public int[] Length { get; } = new int[capacity];
    public int[] Next { get; } = new int[capacity];
    public int[] Previous { get; } = new int[capacity];

    /// <summary>Says of each symbol that it never merges.</summary>
    public bool[] IsFrozen { get; } = new bool[capacity];

    public void Add(int start, int length, bool isFrozen)
    {
        (Start[Count], Length[Count], IsFrozen[Count], Next[Count], Previous[Count]) = (start, length, isFrozen, Count + 1, Count - 1);
        Count++;
    }

    public void Swallow(int at, int right)
    {
        Length[at] += Length[right];
        Length[right] = 0;
        Next[at] = Next[right];
        if (Next[at] < Count) Previous[Next[at]] = at;
    }
}
