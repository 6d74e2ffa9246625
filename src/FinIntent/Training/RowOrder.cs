namespace FinIntent.Training;

/// <summary>Random numbers that are a function of a seed and a counter, so that there is no generator state to save.</summary>
static class RowOrder
{
    /// <summary>The rows 0 … count − 1 in the order of one epoch.</summary>
    public static int[] Permutation(int count, long seed, int epoch)
    {
        var rows = new int[count];
        for (var i = 0; i < count; i++) rows[i] = i;
        var state = Mix((ulong)seed, (ulong)epoch);
        for (var i = count - 1; i > 0; i--)
        {
            var j = (int)Math.BigMul(Next(ref state), (ulong)(i + 1), out _); // the high half: below i + 1
            (rows[i], rows[j]) = (rows[j], rows[i]);
        }
        return rows;
    }

    /// <summary>A seed of its own for each counter.</summary>
    public static ulong Mix(ulong seed, ulong counter)
    {
        var state = seed;
        state = Next(ref state) ^ counter;
        return Next(ref state);
    }

    // SplitMix64, https://prng.di.unimi.it/splitmix64.c
    static ulong Next(ref ulong state)
    {
        var z = state += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }
}
