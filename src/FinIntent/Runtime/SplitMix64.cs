namespace FinIntent.Runtime;

/// <summary>Makes random numbers that are the same on every platform and runtime.</summary>
/// <remarks>https://prng.di.unimi.it/splitmix64.c, https://doi.org/10.1145/2714064.2660195</remarks>
struct SplitMix64(ulong state)
{
    ulong _state = state;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Returns a number from 0 to below <paramref name="end"/>.</summary>
    public int Below(int end) => (int)Math.BigMul(Next(), (ulong)end, out _); // the high half

    /// <summary>Returns a number from 0 to below 1, of 53 random bits.</summary>
    public double Uniform() => (Next() >> 11) * (1.0 / (1UL << 53));
}
