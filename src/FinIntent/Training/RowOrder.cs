using FinIntent.Runtime;

namespace FinIntent.Training;

/// <summary>Makes random numbers that are a function of a seed and a counter, so that there is no generator state to save.</summary>
static class RowOrder
{
    /// <summary>Returns the rows 0 … count − 1 in the order of one epoch.</summary>
    public static int[] Permutation(int count, long seed, int epoch)
    {
        var rows = new int[count];
        for (var i = 0; i < count; i++) rows[i] = i;
        var random = new SplitMix64(Mix((ulong)seed, (ulong)epoch));
        for (var i = count - 1; i > 0; i--)
        {
            var j = random.Below(i + 1);
            (rows[i], rows[j]) = (rows[j], rows[i]);
        }
        return rows;
    }

    /// <summary>Gives each counter a seed of its own.</summary>
    public static ulong Mix(ulong seed, ulong counter) => new SplitMix64(new SplitMix64(seed).Next() ^ counter).Next();
}
