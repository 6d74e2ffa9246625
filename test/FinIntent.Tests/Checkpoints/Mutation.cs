namespace FinIntent.Tests.Checkpoints;

/// <summary>Small damages to the first bytes of a file, for fuzzing its reader.</summary>
static class Mutation
{
    static readonly byte[] Telling = "{}[]\",:0129-.eE\\\0\u007f "u8.ToArray();

    /// <summary>
    /// One to three of: a changed, flipped, inserted, removed or repeated stretch within [0, end), or the file cut short.
    /// </summary>
    public static byte[] Of(byte[] original, int end, Random random)
    {
        var bytes = original.ToList();
        for (var damages = random.Next(1, 4); damages > 0 && bytes.Count > 1; damages--)
        {
            var at = random.Next(Math.Min(end, bytes.Count));
            switch (random.Next(7))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = Telling[random.Next(Telling.Length)]; break;
                case 3: bytes.Insert(at, Telling[random.Next(Telling.Length)]); break;
                case 4: bytes.RemoveRange(at, Math.Min(random.Next(1, 9), bytes.Count - at)); break;
                case 5: bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Next(1, 65), bytes.Count - at))); break;
                case 6: bytes.RemoveRange(at, bytes.Count - at); break;
            }
        }
        return [.. bytes];
    }
}
